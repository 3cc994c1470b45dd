#pragma once

#include <filesystem>

#include "data/ingest_options.h"
#include "data/synthetic.h"

namespace warmstart {

// Synthesizes tables of 60 users and 40 items into `folder`/tables and ingests them into
// `folder`/dataset, three shards.
IngestOptions ingest_small_dataset(const std::filesystem::path& folder);

// The options that ingest what synthesize() wrote into `tables`.
IngestOptions options_for_synthetic(const std::filesystem::path& tables, const std::filesystem::path& dataset);

// Writes tables of classes: the letters a to l, ten examples ("d-7") of each around a point of its own in the plane;
// i and j are listed to validate, k and l to test.
void write_small_classes(const std::filesystem::path& tables);

// Writes them into `folder`/tables and ingests them into `folder`/dataset.
IngestOptions ingest_small_classes(const std::filesystem::path& folder);

}  // namespace warmstart
