#include "trainer/tables/distinct_places.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <bit>

namespace warmstart {
namespace {

struct Entry {
  std::int64_t place, number;  // the number counts through all lists
};

// By place; digit by digit, the lowest first, which takes a small part of a comparing sort's time.
void sort(std::vector<Entry>& entries, std::int64_t largest) {
  constexpr int kBits = 11;
  std::vector<Entry> sorted(entries.size());
  const auto bits = static_cast<int>(std::bit_width(static_cast<std::uint64_t>(largest)));
  for (int shift = 0; shift < bits; shift += kBits) {
    const auto digit = [shift](const Entry& entry) {
      return static_cast<std::size_t>(entry.place >> shift) & ((1 << kBits) - 1);
    };
    std::array<std::size_t, (1 << kBits) + 1> firsts{};
    for (const auto& entry : entries) ++firsts[digit(entry) + 1];
    for (std::size_t i = 1; i < firsts.size(); ++i) firsts[i] += firsts[i - 1];
    for (const auto& entry : entries) sorted[firsts[digit(entry)]++] = entry;
    entries.swap(sorted);
  }
}

}  // namespace

DistinctPlaces distinct_places(const std::vector<at::Tensor>& lists,
                               const std::function<std::int64_t(std::int64_t)>& place_of) {
  std::vector<Entry> entries;
  std::int64_t count = 0, largest = 0;
  for (const auto& list : lists) count += list.numel();
  entries.reserve(static_cast<std::size_t>(count));
  for (const auto& list : lists) {
    const auto* number = list.const_data_ptr<std::int64_t>();
    for (std::int64_t i = 0; i < list.numel(); ++i) {
      entries.push_back({place_of(number[i]), static_cast<std::int64_t>(entries.size())});
      largest = std::max(largest, entries.back().place);
    }
  }
  sort(entries, largest);
  auto places = at::empty({count}, at::kLong), positions = at::empty({count}, at::kLong);
  auto* place = places.mutable_data_ptr<std::int64_t>();
  auto* position = positions.mutable_data_ptr<std::int64_t>();
  std::int64_t distinct = 0;
  for (const auto& entry : entries) {
    if (distinct == 0 || place[distinct - 1] != entry.place) place[distinct++] = entry.place;
    position[entry.number] = distinct - 1;
  }
  DistinctPlaces found = {places.narrow(0, 0, distinct), {}};
  std::int64_t first = 0;
  for (const auto& list : lists) {
    found.positions.push_back(positions.narrow(0, first, list.numel()));
    first += list.numel();
  }
  return found;
}

}  // namespace warmstart
