#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "trainer/evaluation/rows_by_task.h"

namespace warmstart {

// The area under the receiver operating characteristic: the share of all pairs of a relevant row and another in which
// the relevant one has the higher score; equal scores count half (Mann & Whitney 1947; Hanley & McNeil 1982).
//
// Rows stand in groups, and a group may count several times, or not at all: so bootstrap samples of the groups need no
// new order.
class Auc {
 public:
  // Both spans have one length, and a task's rows are a group.  Labels from `relevant` on are relevant.
  Auc(std::span<const float> scores, std::span<const float> labels, double relevant, const RowsByTask& tasks);

  // `weights` [groups], whole numbers, say how often each group counts.  Not a number where the rows that count are all
  // relevant, or none is.
  double value(std::span<const double> weights) const;

 private:
  struct Row {
    float score;
    bool relevant;
    std::size_t group;
  };
  std::vector<Row> rows_;  // the lowest score first
};

// Of rows that count once.
double auc(std::span<const float> scores, std::span<const float> labels, double relevant);

}  // namespace warmstart
