#include "trainer/training/progress_window.h"

#include <algorithm>

namespace warmstart {
namespace {

// A run that went back may stand before the step at which this process began.
double steps_since(std::int64_t first, std::int64_t step) {
  return static_cast<double>(std::max<std::int64_t>(1, step - first));
}

}  // namespace

void ProgressWindow::begin(std::int64_t step, const SpentSeconds& now) {
  first_ = step;
  before_ = now;
  loss_ = padded_ = 0.0;
}

void ProgressWindow::add(double loss, double gradient_norm, double padded_share) {
  loss_ += loss;
  padded_ += padded_share;
  norm_ = gradient_norm;
}

TrainProgress ProgressWindow::progress(std::int64_t step, double rate, const SpentSeconds& now) const {
  const double window = steps_since(first_, step);
  const double seconds = now.total - before_.total - (now.validating - before_.validating);
  return {.step = step,
          .steps = steps_,
          .loss = loss_ / window,
          .gradient_norm = norm_,
          .rate = rate,
          .tasks_per_second = window * static_cast<double>(tasks_) / seconds,
          .seconds_left = now.total / steps_since(begun_, step) * static_cast<double>(steps_ - step),
          .data_wait_share = (now.data_wait - before_.data_wait) / seconds,
          .reduce_share = (now.reduce_wait - before_.reduce_wait) / seconds,
          .hidden_reduce_share = std::max(0.0, now.reduce_hidden - before_.reduce_hidden) / seconds,
          .padded_share = padded_ / window};
}

}  // namespace warmstart
