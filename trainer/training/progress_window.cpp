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
  loss_ = padded_ = repeated_ = 0.0;
  traffic_ = {};
}

void ProgressWindow::add(const StepOutcome& outcome) {
  traffic_ += outcome.traffic;
  loss_ += outcome.loss;
  padded_ += outcome.padded_share;
  repeated_ += outcome.repeated_share;
  norm_ = outcome.gradient_norm;
}

StepBytes ProgressWindow::bytes(std::int64_t step, Communicator& group) const {
  return bytes_of_step(traffic_, steps_since(first_, step), group);
}

TrainProgress ProgressWindow::progress(std::int64_t step, double rate, const SpentSeconds& now,
                                       const StepBytes& bytes) const {
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
          .exchange_share = traffic_[TrafficKind::kExchanged].seconds / seconds,
          .encoding_share = traffic_[TrafficKind::kEncodings].seconds / seconds,
          .padded_share = padded_ / window,
          .repeated_share = repeated_ / window,
          .bytes = bytes,
          .growth = {}};
}

}  // namespace warmstart
