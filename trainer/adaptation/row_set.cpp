#include "trainer/adaptation/row_set.h"

#include <ATen/ATen.h>

#include "trainer/arithmetic/by_element.h"

namespace warmstart {

RowSet::RowSet(std::string name, std::int64_t inputs, std::int64_t width, Initialiser& draw, Parameters& parameters)
    : name_(std::move(name)), width_(width) {
  parameters.add(name_ + ".weight", ParameterGroup::kNetwork, {3 * width, inputs},
                 draw.uniform({3 * width, inputs}, inputs));
  parameters.add(name_ + ".bias", ParameterGroup::kNetwork, {3 * width}, draw.uniform({3 * width}, inputs));
}

at::Tensor RowSet::of_rows(const TaskState& state, const Support& support) const {
  if (support.labels.mask.size(1) == 0) return at::zeros({state.head.w.size(0), 0, 2 * width_}, state.head.w.options());
  const auto encoding = support.rows.encode(state.layers);
  const auto residuals = -support.objective.inner_gradient(encoding.base(), support.labels);
  const auto parts = support.rows.part(name_, encoding, state.layers.parameters());
  const auto part = [&](std::int64_t number) { return parts.narrow(2, number * width_, width_); };
  const auto bent = tanh_by_element(part(1) + part(2) * residuals);
  return at::cat({part(0), bent}, 2) * support.labels.mask.unsqueeze(2);
}

}  // namespace warmstart
