#include "serving/served_model.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "base/errors.h"

namespace warmstart {
namespace {

// Of the only task, so many finite numbers.  The graph may be anybody's.
std::vector<float> values_of(const NamedValues& answer, const std::string& name, std::size_t count) {
  const auto found = answer.find(name);
  if (found == answer.end() || found->second.scalar_type() != at::kFloat ||
      found->second.numel() != static_cast<std::int64_t>(count) || !found->second.isfinite().all().item<bool>())
    throw DataError(fmt::format("the model's graph gives no '{}' of {} finite numbers", name, count));
  const auto values = found->second.contiguous();
  const auto* first = values.const_data_ptr<float>();
  return {first, first + values.numel()};
}

// Rows with these numbers, as a graph answers them.
std::vector<ServedModel::Ranked> ranked_of(const NamedValues& answer, const std::size_t* numbers, std::size_t count) {
  const auto scores = values_of(answer, "scores", count), outputs = values_of(answer, "outputs", count);
  const auto deviations = answer.contains("deviations") ? values_of(answer, "deviations", count) : std::vector<float>();
  std::vector<ServedModel::Ranked> ranked;
  ranked.reserve(count);
  for (std::size_t i = 0; i < count; ++i)
    ranked.push_back(
        {numbers[i], scores[i], outputs[i], deviations.empty() ? std::nullopt : std::optional(deviations[i])});
  return ranked;
}

// The graph may be anybody's.
std::vector<std::size_t> places_of(const NamedValues& answer, std::size_t count, std::size_t entities) {
  const auto found = answer.find(kEntities);
  if (found == answer.end() || found->second.scalar_type() != at::kLong ||
      found->second.numel() != static_cast<std::int64_t>(count))
    throw DataError(fmt::format("the model's graph gives no '{}' of {} places", kEntities, count));
  const auto values = found->second.contiguous();
  std::vector<std::size_t> places;
  places.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    places.push_back(static_cast<std::size_t>(values.const_data_ptr<std::int64_t>()[i]));
    if (places.back() >= entities)
      throw DataError(fmt::format("the model's graph names a row that its catalogue of {} has not", entities));
  }
  return places;
}

bool is_higher(const ServedModel::Ranked& a, const ServedModel::Ranked& b) {
  return a.output != b.output ? a.output > b.output : a.candidate < b.candidate;
}

}  // namespace

NamedValues ServedModel::memory(const RequestTask& task) const {
  return run(GraphKind::kAdapt, request_of(catalogue_.schema(), {{task.fields, task.support, task.labels, {}}}));
}

// Of rows by their numbers, each piece of them scored at once.
std::vector<ServedModel::Ranked> ServedModel::rank(const NamedValues& memory, const std::vector<std::size_t>& numbers,
                                                   const std::function<RequestRow(std::size_t)>& row, std::size_t top,
                                                   std::vector<Ranked> before) const {
  const RequestRow nothing(catalogue_.schema().fields_of(FieldOwner::kTask).size());  // a memory has the task's fields
  auto ranked = std::move(before);
  for (std::size_t first = 0; first < numbers.size(); first += kScoredAtOnce) {
    RequestTask piece = {nothing, {}, {}, {}};
    const auto count = std::min(numbers.size() - first, kScoredAtOnce);
    piece.candidates.reserve(count);
    for (std::size_t i = 0; i < count; ++i) piece.candidates.push_back(row(numbers[first + i]));
    auto request = request_of(catalogue_.schema(), {piece});
    request.insert(memory.begin(), memory.end());
    const auto found = ranked_of(run(GraphKind::kScore, request), numbers.data() + first, count);
    ranked.insert(ranked.end(), found.begin(), found.end());
    const auto kept = std::min(ranked.size(), top);
    std::partial_sort(ranked.begin(), ranked.begin() + static_cast<std::ptrdiff_t>(kept), ranked.end(), is_higher);
    ranked.resize(kept);
  }
  return ranked;
}

std::vector<ServedModel::Ranked> ServedModel::rank(const NamedValues& memory, const std::vector<RequestRow>& candidates,
                                                   std::size_t top) const {
  std::vector<std::size_t> numbers(candidates.size());
  std::iota(numbers.begin(), numbers.end(), 0);
  return rank(memory, numbers, [&](std::size_t number) { return candidates[number]; }, top, {});
}

std::vector<ServedModel::Ranked> ServedModel::best_of_catalogue(NamedValues memory, std::size_t top) const {
  const auto count = std::min(top, catalogue_.entities());
  memory[kTop] = at::full({1}, static_cast<std::int64_t>(count), at::kLong);
  const auto answer = run(GraphKind::kRank, memory);
  const auto places = places_of(answer, count, catalogue_.entities());
  return ranked_of(answer, places.data(), count);
}

std::vector<ServedModel::Ranked> ServedModel::rank_catalogue(const NamedValues& memory, std::size_t top,
                                                             const std::set<std::size_t>& left_out) const {
  if (functions_.contains(GraphKind::kRank)) {
    auto best = best_of_catalogue(memory, top + left_out.size());
    std::erase_if(best, [&](const Ranked& one) { return left_out.contains(one.candidate); });
    best.resize(std::min(best.size(), top));
    return best;
  }
  return rank_part(memory, top, left_out, 0, catalogue_.entities());
}

std::vector<ServedModel::Ranked> ServedModel::rank_part(const NamedValues& memory, std::size_t top,
                                                        const std::set<std::size_t>& left_out, std::size_t first,
                                                        std::size_t end, std::vector<Ranked> before) const {
  std::vector<std::size_t> numbers;
  numbers.reserve(end - first);
  std::size_t place = 0;  // among those that are not left out
  for (std::size_t entity = 0; entity < catalogue_.entities() && place < end; ++entity) {
    if (left_out.contains(entity)) continue;
    if (place++ >= first) numbers.push_back(entity);
  }
  return rank(
      memory, numbers, [&](std::size_t entity) { return catalogue_.candidate(entity); }, top, std::move(before));
}

std::vector<ServedModel::Explanation> ServedModel::explain(const RequestTask& task) const {
  const auto fields = task.candidates.empty() ? 0 : task.candidates[0].size() - 1;
  // Each candidate, and behind all of them each without one of its fields.
  auto asked = task;
  for (const auto& candidate : task.candidates) {
    for (std::size_t field = 1; field <= fields; ++field) {
      asked.candidates.push_back(candidate);
      asked.candidates.back()[field] = {};
    }
  }
  const auto answer = run(GraphKind::kModel, request_of(catalogue_.schema(), {asked}));
  const auto rows = task.support.size(), count = task.candidates.size(), all = asked.candidates.size();
  const auto outputs = values_of(answer, "outputs", all), priors = values_of(answer, "prior", all),
             influences = values_of(answer, "influences", all * rows);
  std::vector<Explanation> explanations;
  for (std::size_t i = 0; i < count; ++i) {
    const auto* own = influences.data() + i * rows;
    Explanation explanation = {priors[i], {own, own + rows}, outputs[i] - priors[i], {}};
    for (const auto influence : explanation.influences) explanation.unexplained -= influence;
    for (std::size_t field = 0; field < fields; ++field)
      explanation.fields.push_back(outputs[i] - outputs[count + i * fields + field]);
    explanations.push_back(std::move(explanation));
  }
  return explanations;
}

}  // namespace warmstart
