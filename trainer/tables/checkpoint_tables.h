#pragma once

#include <optional>
#include <string>
#include <vector>

#include "trainer/tables/sharded_tables.h"

namespace warmstart {

// Sharded tables in checkpoints.  A table has its arrays: `values`, and what the optimizer keeps.  Where tables grow,
// rows are those that keys have, in the order of addresses, and each list of tables has entries beside them: its index
// (which keys), the keys that wait, totals, also of each field that has a pool, and, of the best values, an index of
// their own.

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
// The list's rows are restored before.
void restore_growing(ShardedTable& table, const TableList& list, const Checkpoint& checkpoint);
void restore_list(TableList& list, const Checkpoint& checkpoint, ShardRange shards);
std::optional<ListedRows> best_rows_in(const TableList& list, const Checkpoint& checkpoint);
// The values alone, of another run: the best on validation where it has them, else the last.  The list has their rows.
void start_growing(ShardedTable& table, const TableList& list, const Checkpoint& checkpoint);

// The names of the tables that a checkpoint of some shards has, or is said to have.
std::vector<std::string> names_of_tables(const std::vector<ManifestTable>& tables);

// What a checkpoint of some shards has of `table` at addresses in these shards, int64 [n]: rows [n, width] of the
// values, or of those that did best on validation.  Addresses are places among all shards; where tables grow, those of
// keys, which `names` knows, too, and a key without a row has its shard's shared one.  Throws DataError.
at::Tensor saved_rows(const Checkpoint& checkpoint, const std::string& table, bool best, const at::Tensor& addresses,
                      const RowNames* names);

// All that a checkpoint of one shard has of a table, of the same values: [n, width].  Of one that grows the rows of its
// keys, in the order of addresses, and no ids; else `ids` says whose they are, int64 [n], ascending.  Throws DataError.
struct RowsOfShard {
  at::Tensor values, ids = {};
};
RowsOfShard rows_of_shard(const Checkpoint& shard, const std::string& table, bool best);

}  // namespace warmstart
