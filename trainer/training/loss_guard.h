#pragma once

#include <deque>
#include <string>
#include <vector>

namespace warmstart {

// Tells a loss that has run away: not finite, or over `limit` times the median of the last losses (0: any finite one
// is fine).  The first few set the median and are judged by nothing else.
class LossGuard {
 public:
  explicit LossGuard(double limit) : limit_(limit) {}

  // Why the loss is refused, or nothing; an accepted one enters the median.
  std::string judge(double loss);

  std::vector<double> state() const { return {recent_.begin(), recent_.end()}; }
  void restore(const std::vector<double>& state) { recent_.assign(state.begin(), state.end()); }

 private:
  double limit_;
  std::deque<double> recent_;
};

}  // namespace warmstart
