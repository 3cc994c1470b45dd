#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/options.h"

namespace warmstart {

// What moves the parameters: the gradient of the query rows' loss after adaptation; or what inner steps have changed of
// them for each task, as a gradient of the optimizer's (Reptile, Nichol et al. 2018) or as it is, so that they become
// the mean of the tasks' own (model averaging, McMahan et al. 2017).
enum class OuterUpdate { kQueryLoss, kReptile, kAveraging };
NLOHMANN_JSON_SERIALIZE_ENUM(OuterUpdate, {{OuterUpdate::kQueryLoss, "query-loss"},
                                           {OuterUpdate::kReptile, "reptile"},
                                           {OuterUpdate::kAveraging, "averaging"}})

// What a task counts in the mean of the tasks' parameters: as much as any other, or its support rows.
enum class TaskWeights { kEqual, kRows };
NLOHMANN_JSON_SERIALIZE_ENUM(TaskWeights, {{TaskWeights::kEqual, "equal"}, {TaskWeights::kRows, "rows"}})

struct OuterOptions {
  OuterUpdate update = OuterUpdate::kQueryLoss;
  TaskWeights weights = TaskWeights::kEqual;  // of averaging
  double averaging_rate = 1.0;                // of the way from the parameters to the mean of the tasks' own
  std::vector<std::string> schedule = {};     // "joint:5", "meta:20": parts of the run, in epochs; none: all is meta
};

// Of the section train.
void declare(Options& add, OuterOptions& options);

}  // namespace warmstart
