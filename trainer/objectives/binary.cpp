#include "trainer/objectives/binary.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "trainer/arithmetic/by_element.h"

namespace warmstart {
namespace {

// Of outputs that are far off, whose curvature rounds to 0.
constexpr double kLeastCurvature = 1e-4;

}  // namespace

at::Tensor Binary::inner_gradient(const at::Tensor& outputs, const RowTensors& labels) const {
  return (sigmoid_by_element(outputs) - labels.label.unsqueeze(2)) * labels.mask.unsqueeze(2);
}

at::Tensor Binary::inner_curvature(const at::Tensor& outputs, const RowTensors& labels) const {
  const auto p = sigmoid_by_element(outputs);
  return (p - p * p).clamp_min(kLeastCurvature) * labels.mask.unsqueeze(2);
}

at::Tensor Binary::losses(const at::Tensor& outputs, const RowTensors& labels) const {
  const auto x = outputs.squeeze(2);
  return mean_over_rows(softplus_by_element(x) - x * labels.label, labels.mask);
}

std::optional<double> Binary::start(double mean_label) const {
  const double mean = std::clamp(mean_label, 1e-4, 1.0 - 1e-4);
  return std::log(mean / (1.0 - mean));
}

at::Tensor Binary::predicted(const at::Tensor& outputs) const { return at::sigmoid(outputs.squeeze(2)); }

}  // namespace warmstart
