#include "serving/served_model.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>

#include "base/errors.h"

namespace warmstart {
namespace {

constexpr std::size_t kPiece = 4096;  // candidates scored at once

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

bool is_higher(const ServedModel::Ranked& a, const ServedModel::Ranked& b) {
  return a.output != b.output ? a.output > b.output : a.candidate < b.candidate;
}

}  // namespace

NamedValues ServedModel::memory(const RequestTask& task) const {
  return run(GraphKind::kAdapt, request_of(catalogue_.schema(), {{task.fields, task.support, task.labels, {}}}));
}

std::vector<ServedModel::Ranked> ServedModel::rank(const NamedValues& memory, const std::vector<RequestRow>& candidates,
                                                   std::size_t top) const {
  const RequestRow nothing(catalogue_.schema().fields_of(FieldOwner::kTask).size());
  std::vector<Ranked> ranked;
  for (std::size_t first = 0; first < candidates.size(); first += kPiece) {
    RequestTask piece = {nothing, {}, {}, {}};  // the task's fields are in its memory
    const auto end = std::min(candidates.size(), first + kPiece);
    piece.candidates.assign(candidates.begin() + static_cast<std::ptrdiff_t>(first),
                            candidates.begin() + static_cast<std::ptrdiff_t>(end));
    auto request = request_of(catalogue_.schema(), {piece});
    request.insert(memory.begin(), memory.end());
    const auto answer = run(GraphKind::kScore, request);
    const auto count = end - first;
    const auto scores = values_of(answer, "scores", count), outputs = values_of(answer, "outputs", count);
    const auto deviations =
        answer.contains("deviations") ? values_of(answer, "deviations", count) : std::vector<float>();
    for (std::size_t i = 0; i < scores.size(); ++i)
      ranked.push_back(
          {first + i, scores[i], outputs[i], deviations.empty() ? std::nullopt : std::optional(deviations[i])});
    const auto kept = std::min(ranked.size(), top);
    std::partial_sort(ranked.begin(), ranked.begin() + static_cast<std::ptrdiff_t>(kept), ranked.end(), is_higher);
    ranked.resize(kept);
  }
  return ranked;
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
