#pragma once

#include <cstdint>
#include <vector>

#include "data/dataset.h"

namespace warmstart {

// The rows of all training tasks, in the order of the data set.
struct TrainingRows {
  explicit TrainingRows(const Dataset& dataset);
  std::vector<std::int64_t> task;  // numbered 0.. among the training tasks
  std::vector<std::int64_t> entity;
  std::vector<double> label;
  std::int64_t tasks = 0, entities = 0;
};

}  // namespace warmstart
