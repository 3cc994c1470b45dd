#pragma once

#include <span>
#include <vector>

#include "trainer/evaluation/rows_by_task.h"

namespace warmstart {

// What was predicted for the query rows of all tasks of a split, in the order of the tasks.
struct JudgedRows {
  RowsByTask tasks;                                // which of the rows are each task's
  std::vector<float> labels = {}, predicted = {};  // [tasks.rows()]
  std::vector<float> scores = {};                  // [tasks.rows()] that order the rows; empty: `predicted` does

  std::span<const float> labels_of(std::size_t task) const { return tasks.of(task, labels); }
  std::span<const float> predicted_of(std::size_t task) const { return tasks.of(task, predicted); }

  const std::vector<float>& ordering() const { return scores.empty() ? predicted : scores; }
  std::span<const float> ordering_of(std::size_t task) const { return tasks.of(task, ordering()); }
};

}  // namespace warmstart
