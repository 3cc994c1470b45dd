#include "trainer/evaluation/calibration_error.h"

#include <algorithm>
#include <cmath>

namespace warmstart {
namespace {

// A model of another objective may predict what is no probability: that belongs to the nearest bin.
std::size_t bin_of(double predicted) {
  constexpr double kLast = static_cast<double>(CalibrationError::kBins) - 1.0;
  return static_cast<std::size_t>(std::clamp(std::floor(predicted * CalibrationError::kBins), 0.0, kLast));
}

}  // namespace

CalibrationError::CalibrationError(std::span<const float> predicted, std::span<const float> labels,
                                   const RowsByTask& tasks)
    : groups_(tasks.tasks()) {
  for (std::size_t task = 0; task < tasks.tasks(); ++task) {
    for (auto i = tasks.first(task); i < tasks.first(task + 1); ++i) {
      const double p = predicted[i];
      auto& bin = groups_[task][bin_of(p)];
      bin.rows += 1.0;
      bin.excess += p - labels[i];
    }
  }
}

double CalibrationError::value(std::span<const double> weights) const {
  std::array<Bin, kBins> bins;
  for (std::size_t group = 0; group < groups_.size(); ++group) {
    for (std::size_t b = 0; b < kBins; ++b) {
      bins[b].rows += weights[group] * groups_[group][b].rows;
      bins[b].excess += weights[group] * groups_[group][b].excess;
    }
  }
  double rows = 0.0, off = 0.0;
  for (const auto& bin : bins) {
    rows += bin.rows;
    off += std::abs(bin.excess);
  }
  return off / rows;
}

}  // namespace warmstart
