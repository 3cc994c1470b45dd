#include "trainer/evaluation/ranked_rows.h"

#include <algorithm>
#include <numeric>
#include <set>

namespace warmstart {
namespace {

// Entities that are no candidates, and those that are asked for: sorted, each once.
std::vector<std::uint32_t> left_out_or_asked_for(std::span<const std::uint32_t> query,
                                                 std::span<const std::uint32_t> others) {
  std::vector<std::uint32_t> out(query.begin(), query.end());
  out.insert(out.end(), others.begin(), others.end());
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

// In a form that compilers make vectors of.
std::int64_t count_from(std::span<const float> scores, float least) {
  std::int32_t count = 0;
  for (const auto score : scores) count += score >= least ? 1 : 0;
  return count;
}

// The query rows, the highest first.
std::vector<std::size_t> order_of(std::span<const float> scores, std::span<const std::uint32_t> query) {
  std::vector<std::size_t> order(query.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return scores[query[a]] > scores[query[b]]; });
  return order;
}

std::vector<std::int64_t> places_of(std::span<const float> scores, std::span<const std::uint32_t> query,
                                    const std::vector<std::uint32_t>& out) {
  std::vector<float> of_out;
  of_out.reserve(out.size());
  for (const auto entity : out) of_out.push_back(scores[entity]);
  const auto order = order_of(scores, query);
  std::vector<std::int64_t> places(query.size());
  for (std::size_t place = 0; place < order.size(); ++place) {
    const auto own = scores[query[order[place]]];
    places[order[place]] = count_from(scores, own) - count_from(of_out, own) + static_cast<std::int64_t>(place);
  }
  return places;
}

std::vector<std::uint32_t> list_of(std::span<const float> scores, std::span<const std::uint32_t> query,
                                   const std::vector<std::uint32_t>& out, std::size_t listed) {
  const auto stands_before = [&](std::uint32_t a, std::uint32_t b) {
    return scores[a] > scores[b] || (scores[a] == scores[b] && a < b);
  };
  std::vector<std::uint32_t> heap;  // of the first so far, the last of them on top
  const auto offer = [&](std::uint32_t entity) {
    if (heap.size() == listed) {
      std::pop_heap(heap.begin(), heap.end(), stands_before);
      heap.pop_back();
    }
    heap.push_back(entity);
    std::push_heap(heap.begin(), heap.end(), stands_before);
  };
  const auto is_among = [&](std::uint32_t entity) {
    return heap.size() < listed || stands_before(entity, heap.front());
  };
  for (std::uint32_t entity = 0; listed > 0 && entity < scores.size(); ++entity)
    if (is_among(entity) && !std::binary_search(out.begin(), out.end(), entity)) offer(entity);
  // An entity that is asked for twice stands once in the list.
  const std::set<std::uint32_t> asked_for(query.begin(), query.end());
  for (const auto entity : asked_for)
    if (listed > 0 && is_among(entity)) offer(entity);
  std::sort_heap(heap.begin(), heap.end(), stands_before);
  heap.resize(listed, RankedRows::kNobody);
  return heap;
}

}  // namespace

std::span<const std::uint32_t> RankedRows::list_of(std::size_t task, std::size_t k) const {
  const auto list = std::span(lists).subspan(task * listed, std::min(k, listed));
  return list.first(static_cast<std::size_t>(std::find(list.begin(), list.end(), kNobody) - list.begin()));
}

RankedTask ranked(std::span<const float> scores, std::span<const std::uint32_t> query,
                  std::span<const std::uint32_t> others, std::size_t listed) {
  const auto out = left_out_or_asked_for(query, others);
  return {places_of(scores, query, out), list_of(scores, query, out, listed)};
}

}  // namespace warmstart
