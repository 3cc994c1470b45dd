#include "trainer/objectives/poisson.h"

#include <ATen/ATen.h>

#include <cmath>

#include "trainer/arithmetic/by_element.h"

namespace warmstart {
namespace {

constexpr double kMostLogarithm = 20.0;  // of a count; float32 ends at 88
// Of outputs that are far below, whose curvature rounds to 0.
constexpr double kLeastRate = 1e-4;

at::Tensor expected(const at::Tensor& outputs) { return exp_by_element(outputs.clamp_max(kMostLogarithm)); }

}  // namespace

at::Tensor Poisson::inner_gradient(const at::Tensor& outputs, const RowTensors& labels) const {
  return (expected(outputs) - labels.label.unsqueeze(2)) * labels.mask.unsqueeze(2);
}

at::Tensor Poisson::inner_curvature(const at::Tensor& outputs, const RowTensors& labels) const {
  return expected(outputs).clamp_min(kLeastRate) * labels.mask.unsqueeze(2);
}

at::Tensor Poisson::losses(const at::Tensor& outputs, const RowTensors& labels) const {
  const auto x = outputs.squeeze(2);
  const auto& y = labels.label;
  return mean_over_rows(expected(x) - y * x + at::xlogy(y, y) - y, labels.mask);
}

at::Tensor Poisson::predicted(const at::Tensor& outputs) const { return expected(outputs).squeeze(2); }

std::optional<double> Poisson::start(double mean_label) const { return std::log(std::max(mean_label, 1e-4)); }

bool Poisson::takes(float label) const { return label >= 0 && label == std::floor(label); }

}  // namespace warmstart
