#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace warmstart {

// What was predicted for the query rows of all tasks of a split, in the order of the tasks.
struct JudgedRows {
  std::size_t tasks = 0, query = 0;                // rows that are judged of each task
  std::vector<float> labels = {}, predicted = {};  // [tasks, query]
  std::vector<float> scores = {};                  // [tasks, query] that order the rows; empty: `predicted` does

  std::span<const float> labels_of(std::size_t task) const { return std::span(labels).subspan(task * query, query); }
  std::span<const float> predicted_of(std::size_t task) const {
    return std::span(predicted).subspan(task * query, query);
  }

  const std::vector<float>& ordering() const { return scores.empty() ? predicted : scores; }
  std::span<const float> ordering_of(std::size_t task) const {
    return std::span(ordering()).subspan(task * query, query);
  }
};

}  // namespace warmstart
