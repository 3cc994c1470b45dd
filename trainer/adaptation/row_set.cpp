#include "trainer/adaptation/row_set.h"

#include <ATen/ATen.h>

#include "trainer/arithmetic/by_element.h"

namespace warmstart {

at::Tensor base_residuals(const Encoding& encoding, const Support& support) {
  const auto outputs = encoding.base().expand({-1, -1, support.objective.outputs()});
  return -support.objective.inner_gradient(outputs, support.labels);
}

RowSet::RowSet(std::string name, std::int64_t inputs, std::int64_t width, Initialiser& draw, Parameters& parameters)
    : name_(std::move(name)), width_(width) {
  parameters.add(name_ + ".weight", ParameterGroup::kNetwork, {3 * width, inputs},
                 draw.uniform({3 * width, inputs}, inputs));
  parameters.add(name_ + ".bias", ParameterGroup::kNetwork, {3 * width}, draw.uniform({3 * width}, inputs));
}

at::Tensor RowSet::of_rows(const TaskState& state, const Support& support) const {
  const auto outputs = support.objective.outputs();
  if (support.labels.mask.size(1) == 0)
    return at::zeros({state.head.w.size(0), 0, outputs, 2 * width_}, state.head.w.options());
  const auto encoding = support.rows.encode(state.layers);
  const auto residuals = base_residuals(encoding, support).unsqueeze(3);
  const auto parts = support.rows.part(name_, encoding, state.layers.parameters()).unsqueeze(2);
  const auto part = [&](std::int64_t number) { return parts.narrow(3, number * width_, width_); };
  const auto bent = tanh_by_element(part(1) + part(2) * residuals);
  return at::cat({part(0).expand({-1, -1, outputs, -1}), bent}, 3) * support.labels.mask.unsqueeze(2).unsqueeze(3);
}

}  // namespace warmstart
