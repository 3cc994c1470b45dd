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
  // Those below `common` are what they were; `others` are those from there on.
  explicit NumbersOfRank(std::size_t common, std::vector<std::uint32_t> others = {})
      : common_(common), others_(std::move(others)) {}

  bool has(std::uint32_t own) const { return own < common_ + others_.size(); }
  std::uint32_t operator[](std::uint32_t own) const { return own < common_ ? own : others_[own - common_]; }

 private:
  std::size_t common_;
  std::vector<std::uint32_t> others_;
};

// Collective.  Each rank has numbered the keys that it has seen, the first `common` of them alike.  Afterwards all have
// the keys of all, in the order of first sight where the ranks' rows follow one on the other: the numbers that one rank
// alone would have given.  Returns each rank's numbers.
std::vector<NumbersOfRank> unite(KeyNumbers& keys, std::size_t common, IngestRanks& ranks);

}  // namespace warmstart
