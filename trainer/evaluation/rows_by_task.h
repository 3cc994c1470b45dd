#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace warmstart {

// Rows of several tasks, all of one task's before the next one's: where each task's lie.
class RowsByTask {
 public:
  void add_task(std::size_t rows) { firsts_.push_back(firsts_.back() + rows); }

  std::size_t tasks() const { return firsts_.size() - 1; }
  std::size_t rows() const { return firsts_.back(); }  // of all tasks
  std::size_t first(std::size_t task) const { return firsts_[task]; }
  std::size_t rows_of(std::size_t task) const { return firsts_[task + 1] - firsts_[task]; }

  // `values` [rows()]
  template <typename T>
  std::span<const T> of(std::size_t task, const std::vector<T>& values) const {
    return std::span(values).subspan(first(task), rows_of(task));
  }

 private:
  std::vector<std::size_t> firsts_ = {0};  // [tasks + 1]
};

// Of tasks with `rows` rows each.
inline RowsByTask equal_rows(std::size_t tasks, std::size_t rows) {
  RowsByTask all;
  for (std::size_t task = 0; task < tasks; ++task) all.add_task(rows);
  return all;
}

}  // namespace warmstart
