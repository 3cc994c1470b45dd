#pragma once

#include <cstdint>

#include "data/ingest_options.h"
#include "data/training_statistics.h"

namespace warmstart {

// Whether nothing but rows' being there says anything: every label is 1.
bool has_positives_alone(const IngestOptions& options);

struct LabelRange {
  double min, max;
};
// Of the labels that are stored: what the options say of them, or else the training rows.
LabelRange stored_range(const IngestOptions& options, const ShardStatistics& training, std::int64_t tasks);

}  // namespace warmstart
