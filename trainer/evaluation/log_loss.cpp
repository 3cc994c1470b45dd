#include "trainer/evaluation/log_loss.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace warmstart {
namespace {

// A float32 probability may have been rounded to 0 or 1, and one such row would cost infinitely much.
constexpr double kLeast = std::numeric_limits<float>::epsilon();

}  // namespace

bool takes_log_loss(double label_min, double label_max) { return label_min >= 0.0 && label_max <= 1.0; }

double log_loss(std::span<const float> predicted, std::span<const float> labels) {
  double sum = 0.0;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const double p = std::clamp(static_cast<double>(predicted[i]), kLeast, 1.0 - kLeast);
    sum -= labels[i] * std::log(p) + (1.0 - labels[i]) * std::log1p(-p);
  }
  return sum / static_cast<double>(labels.size());
}

}  // namespace warmstart
