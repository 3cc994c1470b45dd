#include "trainer/objectives/binary.h"

#include <ATen/ATen.h>

namespace warmstart {

at::Tensor Binary::inner_gradient(const at::Tensor& outputs, const RowTensors& labels) const {
  return (at::sigmoid(outputs) - labels.label.unsqueeze(2)) * labels.mask.unsqueeze(2);
}

at::Tensor Binary::losses(const at::Tensor& outputs, const RowTensors& labels) const {
  const auto losses =
      at::binary_cross_entropy_with_logits(outputs.squeeze(2), labels.label, {}, {}, at::Reduction::None);
  return mean_over_rows(losses, labels.mask);
}

at::Tensor Binary::predicted(const at::Tensor& outputs) const { return at::sigmoid(outputs.squeeze(2)); }

}  // namespace warmstart
