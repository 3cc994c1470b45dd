#include "trainer/evaluation/row_errors.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace warmstart {
namespace {

constexpr double kLeast = std::numeric_limits<float>::epsilon();

template <typename Error>
double mean_over_rows(std::span<const float> predicted, std::span<const float> labels, const Error& error) {
  double sum = 0.0;
  for (std::size_t i = 0; i < labels.size(); ++i)
    sum += error(static_cast<double>(predicted[i]), static_cast<double>(labels[i]));
  return sum / static_cast<double>(labels.size());
}

}  // namespace

double mean_absolute_error(std::span<const float> predicted, std::span<const float> labels) {
  return mean_over_rows(predicted, labels, [](double p, double y) { return std::abs(p - y); });
}

double mean_squared_error(std::span<const float> predicted, std::span<const float> labels) {
  return mean_over_rows(predicted, labels, [](double p, double y) { return (p - y) * (p - y); });
}

double accuracy(std::span<const float> predicted, std::span<const float> labels, const LabelScale& scale) {
  const bool whole = std::all_of(labels.begin(), labels.end(), [](float y) { return y == std::floor(y); });
  if (!whole) return std::numeric_limits<double>::quiet_NaN();
  return mean_over_rows(predicted, labels, [&](double p, double y) {
    return std::floor(std::clamp(p, scale.least, scale.most) + 0.5) == y ? 1.0 : 0.0;
  });
}

double log_loss(std::span<const float> predicted, std::span<const float> labels) {
  return mean_over_rows(predicted, labels, [](double raw, double y) {
    const double p = std::clamp(raw, kLeast, 1.0 - kLeast);
    return -(y * std::log(p) + (1.0 - y) * std::log1p(-p));
  });
}

double poisson_deviance(std::span<const float> predicted, std::span<const float> labels) {
  return mean_over_rows(predicted, labels, [](double raw, double y) {
    const double p = std::isnan(raw) ? raw : std::max(raw, kLeast);
    return 2.0 * ((y > 0.0 ? y * std::log(y / p) : 0.0) - y + p);
  });
}

}  // namespace warmstart
