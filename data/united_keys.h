#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "data/ingest_ranks.h"
#include "data/key_numbers.h"

namespace warmstart {

// The number of a key among all keys, by the number that one rank gave it.
class NumbersOfRank {
 public:
  explicit NumbersOfRank(std::vector<std::uint32_t> numbers) : count_(numbers.size()), numbers_(std::move(numbers)) {}
  // Numbers below `count` are what they were; there are no others.
  static NumbersOfRank unchanged(std::size_t count) {
    NumbersOfRank numbers({});
    numbers.count_ = count;
    return numbers;
  }

  bool has(std::uint32_t own) const { return own < count_; }
  std::uint32_t operator[](std::uint32_t own) const { return numbers_.empty() ? own : numbers_[own]; }

 private:
  std::size_t count_;
  std::vector<std::uint32_t> numbers_;
};

// Collective.  Each rank has numbered the keys that it has seen, the first `common` of them alike.  Afterwards all have
// the keys of all, in the order of first sight where the ranks' rows follow one on the other: the numbers that one rank
// alone would have given.  Returns each rank's numbers.
std::vector<NumbersOfRank> unite(KeyNumbers& keys, std::size_t common, IngestRanks& ranks);

}  // namespace warmstart
