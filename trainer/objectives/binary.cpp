#include "trainer/objectives/binary.h"

#include <ATen/ATen.h>

#include "trainer/arithmetic/by_element.h"

namespace warmstart {

at::Tensor Binary::inner_gradient(const at::Tensor& outputs, const RowTensors& labels) const {
  return (sigmoid_by_element(outputs) - labels.label.unsqueeze(2)) * labels.mask.unsqueeze(2);
}

at::Tensor Binary::losses(const at::Tensor& outputs, const RowTensors& labels) const {
  const auto x = outputs.squeeze(2);
  return mean_over_rows(softplus_by_element(x) - x * labels.label, labels.mask);
}

at::Tensor Binary::predicted(const at::Tensor& outputs) const { return at::sigmoid(outputs.squeeze(2)); }

}  // namespace warmstart
