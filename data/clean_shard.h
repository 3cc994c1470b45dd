#pragma once

#include <filesystem>
#include <functional>
#include <span>
#include <string>

#include "data/ingest_options.h"
#include "data/ingest_tables.h"
#include "data/spill.h"

namespace warmstart {

// The time from which on rows of the task with this key are left out; infinity keeps all.
using EndOfTask = std::function<double(const std::string& task)>;

// Makes of a shard as it was spilled what is stored: no row from its task's end on; rows by time, then by order; of the
// rows with one entity what options.duplicates says; labels as options.transform makes them; tasks under
// options.min_rows aside.  Throws DataError for a task with more rows than can be counted.
void clean(SpilledShard& shard, const IngestOptions& options, const EndOfTask& end_of);

// Reads what `ranks` have spilled into a folder.  What these name must outlive it.
SpillReader spill_reader(const std::filesystem::path& folder, const IngestOptions& options, const IngestTables& tables,
                         std::span<const SpillOfRank> ranks);

}  // namespace warmstart
