#pragma once

#include <filesystem>

#include "data/side_table.h"
#include "data/spill.h"

namespace warmstart {

// Writes the file that a Shard reads.  `tasks`: the table that describes them, or null.
void write_shard(const std::filesystem::path& path, const SpilledShard& shard, const SideTable* tasks,
                 const FieldBuilders& row_fields);

}  // namespace warmstart
