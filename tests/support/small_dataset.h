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

// Ingests tasks of classes into `folder`/dataset: the letters a to l, ten examples ("d-7") of each around a point of
// its own in the plane; i and j validate, k and l test.
IngestOptions ingest_small_classes(const std::filesystem::path& folder);

}  // namespace warmstart
