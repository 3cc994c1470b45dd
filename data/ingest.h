#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>

#include "data/ingest_options.h"
#include "data/ingest_ranks.h"

namespace warmstart {

struct IngestReport {
  std::filesystem::path dataset;  // the folder that was made
  std::int64_t rows_read = 0, rows = 0, tasks = 0;
  double seconds = 0.0;
};

// How far an ingest is, as its first rank tells.
struct IngestStatus {
  const char* stage;               // "read", then "cleaned", "counted" and "written"
  std::int64_t done = 0, all = 0;  // of that rank's share: bytes of the interactions' files; then shards
  std::int64_t rows = 0;           // that it has read
};
using IngestProgress = std::function<void(const IngestStatus&)>;

// Turns tables into a data set: the folder `options.dataset`, which appears when it is
// complete, or not at all.  Collective: each rank reads a share of the interactions and writes a share of the shards,
// in a folder that all of them see; the bytes do not depend on the number of ranks.  Memory of a rank is bounded by the
// largest shard: the interactions stream, and what is known of keys, users and items lies in files there (FileMemory).
// Throws UsageError, DataError (the first bad row, with file and line, unless on_error is kSkip) or EnvironmentError.
//
// With options.append, the rows of those files make the next version of the data set, in a folder beside the last one;
// shards that none of them belongs to are the same files (hard links).  See LastVersion for what stays.
//
// `progress` is called now and then on the first rank, and where a stage ends.
IngestReport ingest(const IngestOptions& options, IngestRanks& ranks, const IngestProgress& progress = {});

// The same by this process alone.
IngestReport ingest(const IngestOptions& options);

}  // namespace warmstart
