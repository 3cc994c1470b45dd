#pragma once

#include <filesystem>
#include <string>

#include "data/cleaned_shard.h"
#include "data/ingest_tables.h"

namespace warmstart {

// Writes the file that a Shard reads, and returns its digest.
std::string write_shard(const std::filesystem::path& path, const CleanedTasks& tasks, const IngestTables& tables);

}  // namespace warmstart
