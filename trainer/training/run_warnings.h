#pragma once

#include <string>
#include <vector>

#include "trainer/evaluation/evaluation.h"
#include "trainer/training/train_options.h"

namespace warmstart {

// What a user should know of a run that can go on all the same: each a sentence that ends with the remedy.

// Of a run of `steps` meta-steps: one that never leaves its warm-up, and one that is validated on too few tasks.
std::vector<std::string> warnings_of_plan(const TrainOptions& options, std::int64_t steps,
                                          std::int64_t validation_tasks);

// That some support makes the measure worse than no support does, by more than a hundredth; empty when none does, or
// when `results` hold no support of 0 rows.  `where`: which tasks were judged, such as "on validation".
std::string warning_of_support(const std::vector<EvaluationResult>& results, Measure measure, const std::string& where);

}  // namespace warmstart
