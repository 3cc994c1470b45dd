#include "trainer/evaluation/ranked_rows.h"

#include <algorithm>
#include <functional>
#include <numeric>

namespace warmstart {
namespace {

// Of the candidates that are not asked for.
std::vector<std::uint32_t> not_asked_for(std::size_t entities, std::span<const std::uint32_t> query,
                                         std::span<const std::uint32_t> others) {
  std::vector<bool> is_out(entities, false);
  for (const auto& part : {query, others})
    for (const auto entity : part) is_out[entity] = true;
  std::vector<std::uint32_t> rest;
  rest.reserve(entities);
  for (std::uint32_t entity = 0; entity < entities; ++entity)
    if (!is_out[entity]) rest.push_back(entity);
  return rest;
}

// The query rows, the highest first.
std::vector<std::size_t> order_of(std::span<const float> scores, std::span<const std::uint32_t> query) {
  std::vector<std::size_t> order(query.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return scores[query[a]] > scores[query[b]]; });
  return order;
}

std::vector<std::int64_t> places_of(std::span<const float> scores, std::span<const std::uint32_t> query,
                                    const std::vector<std::uint32_t>& rest) {
  const auto order = order_of(scores, query);
  std::vector<float> highest_first;
  for (const auto row : order) highest_first.push_back(scores[query[row]]);
  // Of each of the rest, the first query row that it stands before.
  std::vector<std::int64_t> before(query.size() + 1, 0);
  for (const auto entity : rest) {
    if (scores[entity] < highest_first.back()) continue;
    const auto behind = std::lower_bound(highest_first.begin(), highest_first.end(), scores[entity], std::greater<>());
    ++before[static_cast<std::size_t>(behind - highest_first.begin())];
  }
  std::vector<std::int64_t> places(query.size());
  std::int64_t sum = 0;
  for (std::size_t place = 0; place < order.size(); ++place) {
    sum += before[place];
    places[order[place]] = sum + static_cast<std::int64_t>(place);
  }
  return places;
}

std::vector<std::uint32_t> list_of(std::span<const float> scores, std::span<const std::uint32_t> query,
                                   std::vector<std::uint32_t> candidates, std::size_t listed) {
  const auto first_asked_for = candidates.size();
  for (const auto entity : query) {
    // An entity that is asked for twice stands once in the list.
    if (std::find(candidates.begin() + static_cast<std::ptrdiff_t>(first_asked_for), candidates.end(), entity) ==
        candidates.end())
      candidates.push_back(entity);
  }
  const auto end = candidates.begin() + static_cast<std::ptrdiff_t>(std::min(listed, candidates.size()));
  std::partial_sort(candidates.begin(), end, candidates.end(),
                    [&](auto a, auto b) { return scores[a] > scores[b] || (scores[a] == scores[b] && a < b); });
  candidates.resize(listed, RankedRows::kNobody);
  return candidates;
}

}  // namespace

std::span<const std::uint32_t> RankedRows::list_of(std::size_t task, std::size_t k) const {
  const auto list = std::span(lists).subspan(task * listed, std::min(k, listed));
  return list.first(static_cast<std::size_t>(std::find(list.begin(), list.end(), kNobody) - list.begin()));
}

RankedTask ranked(std::span<const float> scores, std::span<const std::uint32_t> query,
                  std::span<const std::uint32_t> others, std::size_t listed) {
  auto rest = not_asked_for(scores.size(), query, others);
  auto places = places_of(scores, query, rest);
  return {std::move(places), list_of(scores, query, std::move(rest), listed)};
}

}  // namespace warmstart
