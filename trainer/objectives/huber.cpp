#include "trainer/objectives/huber.h"

#include <ATen/ATen.h>

namespace warmstart {

at::Tensor Huber::stretch(const at::Tensor& errors) const { return at::sqrt(1.0 + (errors / width_).square()); }

at::Tensor Huber::inner_gradient(const at::Tensor& outputs, const RowTensors& labels) const {
  const auto errors = (outputs - labels.label.unsqueeze(2)) * labels.mask.unsqueeze(2);
  return errors / stretch(errors);
}

at::Tensor Huber::inner_curvature(const at::Tensor& outputs, const RowTensors& labels) const {
  return labels.mask.unsqueeze(2) / stretch(outputs - labels.label.unsqueeze(2));
}

at::Tensor Huber::losses(const at::Tensor& outputs, const RowTensors& labels) const {
  return mean_over_rows(width_ * width_ * (stretch(outputs.squeeze(2) - labels.label) - 1.0), labels.mask);
}

at::Tensor Huber::predicted(const at::Tensor& outputs) const { return outputs.squeeze(2); }

}  // namespace warmstart
