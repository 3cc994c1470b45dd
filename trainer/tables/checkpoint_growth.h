#pragma once

#include <string>
#include <vector>

#include "checkpoints/checkpoint.h"
#include "trainer/tables/table_list.h"

namespace warmstart {

// What has become of the keys of growing tables, in checkpoints: of all, and of each field that has a pool.

// Totals by shard and pool.
using TotalsOfShards = std::vector<std::vector<GrowthTotals>>;

void save_totals(const TableList& list, const TotalsOfShards& shards, Checkpoint& checkpoint);

// What the list's pools have admitted and evicted: of fields that the checkpoint does not tell apart the first one.
// Throws DataError where it has not what it should have.
TotalsOfShards saved_totals(const TableList& list, const Checkpoint& checkpoint, ShardRange shards);

// What a checkpoint knows of growing tables with ids of one kind, of all its shards.
struct GrowthFacts : GrowthReport {
  std::string ids_of;
};
std::vector<GrowthFacts> growth_in(const Checkpoint& checkpoint);

}  // namespace warmstart
