#include "trainer/adaptation/shared_start.h"

#include <ATen/ATen.h>

namespace warmstart {

SharedStart::SharedStart(std::int64_t outputs, std::int64_t features, Initialiser& draw, Parameters& parameters) {
  parameters.add("head.weight", ParameterGroup::kNetwork, {outputs, features},
                 draw.uniform({outputs, features}, features, 0.1));
  parameters.add("head.bias", ParameterGroup::kNetwork, {outputs}, Initialiser::zeros({outputs}));
}

void SharedStart::apply(TaskState& state, const Support& support) const {
  const auto& parameters = state.layers.parameters();
  const auto tasks = support.row_counts.size(0);
  state.head = {parameters.for_tasks(parameters["head.weight"], tasks),
                parameters.for_tasks(parameters["head.bias"], tasks).unsqueeze(1)};
  state.unadapted_head = state.head;
}

// The shared head does not depend on rows.
void SharedStart::update(TaskState& state, const Support& support) const { apply(state, support); }

}  // namespace warmstart
