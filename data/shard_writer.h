#pragma once

#include <filesystem>
#include <string>

#include "data/cleaned_shard.h"
#include "data/side_table.h"

namespace warmstart {

// Writes the file that a Shard reads, and returns its digest.  `table`: the one that describes the tasks.
std::string write_shard(const std::filesystem::path& path, const CleanedTasks& tasks, const SideTable& table,
                        const FieldBuilders& row_fields);

}  // namespace warmstart
