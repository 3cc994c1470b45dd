#pragma once

#include <functional>

#include "trainer/tables/sharded_tables.h"

namespace warmstart {

// Sharded tables in checkpoints.  A table has its arrays: `values`, and what the optimizer keeps.  Where tables grow,
// rows are those that keys have, in the order of addresses, and each list of tables has entries beside them: its index
// (which keys), the keys that wait, totals, and, of the best values, an index of their own.

constexpr const char* kTableSteps = "last_step";

// Copies of a column's rows at some places, [n, its width].
at::Tensor taken_rows(const ShardedTable& table, const ShardedTable::Column& column, const at::Tensor& places);

// All rows, or in a delta those that have changed since its base.  `best_step`: after how many steps the best values
// were noted.
void save_fixed(const ShardedTable& table, std::int64_t best_step, Checkpoint& checkpoint);
// `best`: the rows that there were then; null where the checkpoint is to have none, as a delta that they are older
// than.
void save_growing(const ShardedTable& table, const TableList& list, const ListedRows* best, Checkpoint& checkpoint);
void save_list(const TableList& list, const ListedRows* best, ShardRange shards, Checkpoint& checkpoint);

// Those of a run that goes on.  They throw DataError where the checkpoint has not what they look for.
void restore_fixed(ShardedTable& table, const Checkpoint& checkpoint);
// The list's rows are restored before; without `state`, what an optimizer keeps stays as it is.
void restore_growing(ShardedTable& table, const TableList& list, const Checkpoint& checkpoint, bool state);
void restore_list(TableList& list, const Checkpoint& checkpoint, ShardRange shards);
std::optional<ListedRows> best_rows_in(const TableList& list, const Checkpoint& checkpoint);

// Tables of a checkpoint of all shards, float32 [.., width]: the values, or those that did best on validation.  By id;
// where tables grow by what `names` says, a key without a row having its shard's shared one.  Without names, the rows
// of keys of growing tables.
using NamesOfIds = std::function<const RowNames&(IdsOf ids)>;
NamedTensors whole_tables(const Checkpoint& checkpoint, bool best, const NamesOfIds& names = {});

// What a checkpoint knows of growing tables with ids of one kind, of all its shards.
struct GrowthFacts : GrowthTotals {
  std::string ids_of;
};
std::vector<GrowthFacts> growth_in(const Checkpoint& checkpoint);

}  // namespace warmstart
