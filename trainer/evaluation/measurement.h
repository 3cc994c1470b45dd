#pragma once

#include <optional>
#include <vector>

#include "trainer/evaluation/bootstrap.h"
#include "trainer/evaluation/evaluation.h"

namespace warmstart {

// What a measure says of one result, and how sure that is.
struct Measurement {
  Measure measure;
  double value = 0.0;                     // not a number where no task defines the measure
  std::int64_t tasks = 0;                 // that define it: all of them where it is pooled
  std::optional<Interval> interval = {};  // 95%, over tasks; none without resamples, or without a value
};

// Of each result each measure; the result's scale has passed check(measure, scale), and its predictions are finite.
std::vector<std::vector<Measurement>> measurements(const std::vector<EvaluationResult>& results,
                                                   const std::vector<Measure>& measures,
                                                   const EvaluationOptions& options);

}  // namespace warmstart
