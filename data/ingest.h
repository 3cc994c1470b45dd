#pragma once

#include "data/ingest_options.h"

namespace warmstart {

struct IngestReport {
  std::int64_t rows_read = 0, rows = 0, tasks = 0;
  double seconds = 0.0;
};

// Turns tables into a data set: the folder `options.dataset`, which appears when it is
// complete, or not at all.  Memory is bounded by the largest shard, the vocabularies
// and the user and item tables; the interactions stream.  Throws UsageError, DataError
// (the first bad row, with file and line, unless on_error is "skip") or EnvironmentError.
IngestReport ingest(const IngestOptions& options);

}  // namespace warmstart
