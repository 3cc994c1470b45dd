#pragma once

#include <filesystem>

#include "data/side_table.h"
#include "data/spill.h"

namespace warmstart {

// Writes the file that a Shard reads.  `table`: the one that describes them, or null.
void write_shard(const std::filesystem::path& path, const std::vector<SpilledTask>& tasks, const SideTable* table,
                 const FieldBuilders& row_fields);

}  // namespace warmstart
