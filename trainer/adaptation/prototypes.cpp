#include "trainer/adaptation/prototypes.h"

#include <ATen/ATen.h>

#include "trainer/arithmetic/by_element.h"
#include "trainer/arithmetic/task_product.h"

namespace warmstart {

Prototypes::Prototypes(std::int64_t features, Initialiser& draw, Parameters& parameters) {
  parameters.add("prototypes.start", ParameterGroup::kNetwork, {2, features}, draw.uniform({2, features}, features));
  // Before the softplus: kappa starts at 1, the factor of distances at 1 / features.
  parameters.add("prototypes.kappa", ParameterGroup::kInner, {}, Initialiser::before_softplus({}, 1.0));
  parameters.add("prototypes.factor", ParameterGroup::kInner, {},
                 Initialiser::before_softplus({}, 1.0 / static_cast<double>(features)));
}

void Prototypes::apply(TaskState& state, const Support& support) const {
  const auto& parameters = state.layers.parameters();
  const auto& [place, label, mask] = support.labels;
  const auto features = support.rows.encode(state.layers).features();
  const auto positive_scalar = [&](const char* name) {
    return softplus_by_element(parameters.for_tasks(parameters[name], features.size(0))).view({-1, 1, 1});
  };
  const auto kappa = positive_scalar("prototypes.kappa"), factor = positive_scalar("prototypes.factor");
  const auto starts = parameters.for_tasks(parameters["prototypes.start"], features.size(0));
  // The mean over the members [T, S] and the learned prototype: [T, 1, D].
  const auto centre = [&](const at::Tensor& members, std::int64_t of_class) {
    const auto sum = task_product(members.unsqueeze(1), features) + kappa * starts.narrow(1, of_class, 1);
    return sum / (members.sum(1, true).unsqueeze(2) + kappa);
  };
  const auto negative = centre((1.0 - label) * mask, 0), positive = centre(label * mask, 1);
  state.head.w = state.head.w + factor * 2.0 * (positive - negative);
  state.head.b = state.head.b + factor * (negative.square() - positive.square()).sum(2, true);
}

}  // namespace warmstart
