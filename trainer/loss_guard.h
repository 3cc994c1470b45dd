#pragma once

#include <deque>
#include <nlohmann/json.hpp>

namespace warmstart {

// Tells a loss that has run away: not finite, or over `limit` times the median of the last losses (0: any finite one
// is fine).  The first few set the median and are judged by nothing else.
class LossGuard {
 public:
  explicit LossGuard(double limit) : limit_(limit) {}

  // Why the loss is refused, or nothing; an accepted one enters the median.
  std::string judge(double loss);

  nlohmann::json state() const { return recent_; }
  void restore(const nlohmann::json& state) { recent_ = state.get<std::deque<double>>(); }

 private:
  double limit_;
  std::deque<double> recent_;
};

}  // namespace warmstart
