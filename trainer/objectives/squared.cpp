#include "trainer/objectives/squared.h"

#include <ATen/ATen.h>

namespace warmstart {

at::Tensor Squared::inner_gradient(const at::Tensor& outputs, const RowTensors& labels) const {
  return (outputs - labels.label.unsqueeze(2)) * labels.mask.unsqueeze(2);
}

at::Tensor Squared::inner_curvature(const at::Tensor&, const RowTensors& labels) const {
  return labels.mask.unsqueeze(2);
}

at::Tensor Squared::losses(const at::Tensor& outputs, const RowTensors& labels) const {
  const auto squared = (outputs.squeeze(2) - labels.label).square();
  return mean_over_rows(absolute_ > 0.0 ? squared + absolute_ * at::sqrt(squared + 0.01) : squared, labels.mask);
}

at::Tensor Squared::predicted(const at::Tensor& outputs) const { return outputs.squeeze(2); }

}  // namespace warmstart
