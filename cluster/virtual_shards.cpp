#include "cluster/virtual_shards.h"

#include "cluster/gradient_sum.h"

namespace warmstart {

ShardRange shards_of(int rank, int ranks) {
  const auto [first, count] = microbatches_of(rank, ranks, kVirtualShards);
  return {first, count};
}

std::vector<std::int64_t> RowPlaces::of_ranks(int ranks) const {
  std::vector<std::int64_t> firsts = {0};
  for (int rank = 0; rank < ranks; ++rank) firsts.push_back(first(shards_of(rank, ranks).end()));
  return firsts;
}

}  // namespace warmstart
