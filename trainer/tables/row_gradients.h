#pragma once

#include "trainer/tables/sharded_tables.h"

namespace warmstart {

// A table's rows that a meta-step has touched, of those that this rank holds.
struct RowGradient {
  const ShardedTable* table;
  at::Tensor places;    // int64 [n], distinct, among those held; ascending, or in the order of addresses
  at::Tensor gradient;  // float32 [n, width], summed over all microbatches
};

// Collective.  The sum of the squares of all ranks' gradients, added up by virtual shard: the same bits on any number
// of ranks.
double squared_norm(const std::vector<RowGradient>& gradients, Communicator& group);

}  // namespace warmstart
