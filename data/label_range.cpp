#include "data/label_range.h"

#include <algorithm>
#include <cmath>
#include <optional>

namespace warmstart {
namespace {

bool is_threshold(const IngestOptions& options) { return options.transform.kind == LabelTransform::Kind::kThreshold; }

// A bound of the labels in the table, as a bound of those that are stored; none where it says nothing of them: sums and
// counts leave it behind.
std::optional<double> stored_bound(const IngestOptions& options, std::optional<double> bound) {
  const bool adds_up = options.duplicates == Duplicates::kSum || options.duplicates == Duplicates::kCount;
  if (!bound || options.task == TaskSide::kClass || adds_up || is_threshold(options)) return std::nullopt;
  const auto stored = options.transform(*bound);
  return std::isfinite(stored) ? std::optional(stored) : std::nullopt;
}

}  // namespace

bool has_positives_alone(const IngestOptions& options) {
  return options.task != TaskSide::kClass && options.label.empty() && options.duplicates != Duplicates::kCount;
}

LabelRange stored_range(const IngestOptions& options, const ShardStatistics& training, std::int64_t tasks) {
  LabelRange range = {training.label_min, training.label_max};
  // Positives alone would leave nothing that a prediction can be but 1.
  if (has_positives_alone(options)) range.min = std::min(range.min, 0.0), range.max = std::max(range.max, 0.0);
  if (options.task == TaskSide::kClass) range.max = std::max(range.max, static_cast<double>(tasks - 1));
  if (is_threshold(options)) range = {0.0, 1.0};
  return {stored_bound(options, options.label_min).value_or(range.min),
          stored_bound(options, options.label_max).value_or(range.max)};
}

}  // namespace warmstart
