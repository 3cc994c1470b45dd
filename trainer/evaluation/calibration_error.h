#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <vector>

#include "trainer/evaluation/rows_by_task.h"

namespace warmstart {

// The expected calibration error of probabilities (Naeini et al. 2015): in each of ten bins of equal width, how far the
// mean prediction is off the mean label, weighed by the bin's share of the rows.  A bin takes its lower bound in, the
// last one 1 as well.
//
// Rows stand in groups that may count several times, as in Auc.
class CalibrationError {
 public:
  static constexpr std::size_t kBins = 10;

  // Both spans have one length, and a task's rows are a group.
  CalibrationError(std::span<const float> predicted, std::span<const float> labels, const RowsByTask& tasks);

  // `weights` [groups] say how often each group counts.  Not a number where none does.
  double value(std::span<const double> weights) const;

 private:
  struct Bin {
    double rows = 0.0, excess = 0.0;  // excess: the sum of prediction - label
  };
  std::vector<std::array<Bin, kBins>> groups_;
};

}  // namespace warmstart
