#include "trainer/adaptation/residual_rows.h"

#include <ATen/ATen.h>

#include "trainer/arithmetic/by_element.h"

namespace warmstart {
namespace {

at::Tensor noise_of_rows(const Support& support, const Encoding& encoding, const BatchParameters& parameters) {
  const auto mask = support.labels.mask.unsqueeze(2);
  return softplus_by_element(support.rows.part(kRowNoise, encoding, parameters)) * mask + (1.0 - mask);
}

}  // namespace

ResidualRows::ResidualRows(const TaskState& state, const Support& support, bool row_noise)
    : encoding(support.rows.encode(state.layers)) {
  const auto mask = support.labels.mask.unsqueeze(2);
  rows = at::cat({encoding.features() * mask, mask}, 2);
  base = encoding.base();
  noise = row_noise ? noise_of_rows(support, encoding, state.layers.parameters()) : at::ones_like(mask);
  const auto together = state.head.rows();
  start = together.transpose(1, 2);
  left_out = state.left_out_head.defined() ? state.left_out_head : together.unsqueeze(1);
}

Responses::Responses(const Objective& objective, const at::Tensor& outputs, const RowTensors& labels,
                     const at::Tensor& noise)
    : weights(objective.inner_curvature(outputs, labels)) {
  // Where rows are padded the gradient is 0, too.
  const auto divisor = weights + (1.0 - labels.mask).unsqueeze(2);
  values = outputs - objective.inner_gradient(outputs, labels) / divisor;
  weights = weights / noise;
}

Head head_of(const at::Tensor& columns) {
  // One output's column is a row as it lies, which the task kernels take.
  if (columns.size(2) == 1) return head_of_rows(columns.squeeze(2).unsqueeze(1));
  const auto features = columns.size(1) - 1;
  return {columns.narrow(1, 0, features).transpose(1, 2), columns.narrow(1, features, 1)};
}

}  // namespace warmstart
