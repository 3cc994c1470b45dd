#pragma once

#include <filesystem>
#include <vector>

#include "checkpoints/table_shards.h"

namespace warmstart {

// The tables of a delta with all of their rows: those that it has, and of `whole`, the full checkpoint in `folder` that
// it rests on, those that have not changed since.  Of tables that do not grow the delta says where in its shard each
// row lies; of those that grow, which of the base's keys still have the row that they had.  Both are of the same
// shards. Rows lie in files in the folder `spill` where that is not empty (zeroed_rows.h).  Throws DataError where they
// do not fit each other.
std::vector<TableShards> with_changes(std::vector<TableShards> whole, std::vector<TableShards> delta,
                                      const std::filesystem::path& folder, const std::filesystem::path& spill);

}  // namespace warmstart
