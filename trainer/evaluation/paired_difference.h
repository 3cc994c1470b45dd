#pragma once

#include <optional>
#include <string>
#include <vector>

#include "trainer/evaluation/bootstrap.h"
#include "trainer/evaluation/evaluation.h"

namespace warmstart {

// How two recommenders differ in a measure on the same query rows of the same tasks.
struct PairedDifference {
  Measure measure;
  std::string support;              // rows, or "all"
  double value = 0.0, other = 0.0;  // not numbers where no task defines the measure
  double difference = 0.0;          // value - other: the mean over tasks of the difference, where it is no pooled one
  std::optional<Interval> interval = {};  // of the difference, 95%, over tasks
  std::optional<double> better = {};      // the share of the tasks that define the measure in which `value` is strictly
                                          // better; none of a pooled measure

  bool excludes_zero() const { return interval && (interval->low > 0.0 || interval->high < 0.0); }
};

// Of each support size each measure, measure by measure; both lists of results are of one Evaluation, whose scale has
// passed check(measure, scale), and their predictions are finite.
std::vector<PairedDifference> paired_differences(const std::vector<EvaluationResult>& results,
                                                 const std::vector<EvaluationResult>& others,
                                                 const std::vector<Measure>& measures,
                                                 const EvaluationOptions& options);

}  // namespace warmstart
