#include "trainer/training/loss_guard.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace warmstart {
namespace {

constexpr std::size_t kWindow = 64, kFewest = 16;

double median(std::deque<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace

std::string LossGuard::judge(double loss) {
  if (!std::isfinite(loss)) return "is not finite";
  if (limit_ > 0 && recent_.size() >= kFewest) {
    const double usual = median(recent_);
    if (loss > limit_ * usual)
      return fmt::format("of {:.4g} is over {} times its running median {:.4g} (train.loss-limit)", loss, limit_,
                         usual);
  }
  recent_.push_back(loss);
  if (recent_.size() > kWindow) recent_.pop_front();
  return "";
}

}  // namespace warmstart
