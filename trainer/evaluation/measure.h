// The measures that models are judged by: names, directions and what labels they take (docs/measures.md).

#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/option_value.h"
#include "trainer/evaluation/label_scale.h"

namespace warmstart {

enum class MeasureKind {
  kMae,
  kMse,
  kRmse,
  kAccuracy,
  kLogLoss,
  kCalibrationError,
  kPoissonDeviance,
  kAuc,
  kGroupedAuc,
  kPrecision,
  kRecall,
  kHit,
  kMrr,
  kNdcg,
  kMap,
  kCoverage,
  kNovelty
};

struct Measure {
  MeasureKind kind = MeasureKind::kMae;
  int k = 0;  // how many of the first rows by score count; 0 of a measure that takes no such number

  bool operator==(const Measure&) const = default;
};

std::string name_of(const Measure& measure);   // in configurations and reports: mae, ndcg@3
std::string title_of(const Measure& measure);  // as people write it: MAE, nDCG@3

// None where no measure has that name.
std::optional<Measure> measure_named(std::string_view name);

// All names, those that take a number as ndcg@K.
std::vector<std::string> measure_names();

// Of errors and losses the lower is better, of the others the higher.
bool higher_is_better(const Measure& measure);

// Whether `value` is strictly better than `other`; never if one is not a number.
bool is_better(const Measure& measure, double value, double other);

// Whether the rows of all tasks are judged together; else the measure is a mean over tasks.
bool is_pooled(const Measure& measure);

// Whether each row has a value of its own, whose mean (or its root) the measure is.
bool is_row_wise(const Measure& measure);

// Whether the order of the scores is all that the measure looks at.
bool is_of_order(const Measure& measure);

// Whether it looks at what is recommended, whoever likes it.
bool is_of_lists(const Measure& measure);

// Throws UsageError when labels of this scale cannot be judged by the measure.
void check(const Measure& measure, const LabelScale& scale);

// As options: by name, and "own" where something else chooses.  read() throws std::invalid_argument for other names.
std::string to_text(const Measure& measure);
std::string to_text(const std::optional<Measure>& measure);
void read(const std::string& text, const Range& range, Measure& measure);
void read(const std::string& text, const Range& range, std::optional<Measure>& measure);

}  // namespace warmstart
