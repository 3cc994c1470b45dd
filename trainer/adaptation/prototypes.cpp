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
  const auto start_of = [&](std::int64_t of_class) { return starts.narrow(1, of_class, 1); };
  const auto negative = (1.0 - label) * mask, positive = label * mask;
  // The mean over the members [T, S] and the learned prototype: [T, 1, D].
  const auto centre = [&](const at::Tensor& members, std::int64_t of_class) {
    const auto sum = task_product(members.unsqueeze(1), features) + kappa * start_of(of_class);
    return sum / (members.sum(1, true).unsqueeze(2) + kappa);
  };
  const auto joined = [&](const Head& head, const at::Tensor& first, const at::Tensor& second) -> Head {
    return {head.w + factor * 2.0 * (second - first),
            head.b + factor * (first.square() - second.square()).sum(2, true)};
  };
  const auto first = centre(negative, 0), second = centre(positive, 1);
  state.unadapted_head = joined(state.unadapted_head, start_of(0), start_of(1));
  state.head = joined(state.head, first, second);
  if (!support.wanted.shares) return;
  // What a row adds to its class's centre; |c|^2 has grown by that times the centre's start and end together.
  const auto shares_of = [&](const at::Tensor& members, const at::Tensor& centre, std::int64_t of_class) {
    const auto counts = members.sum(1, true).unsqueeze(2) + kappa;
    const auto moved = members.unsqueeze(2) * (features - start_of(of_class)) / counts;
    return factor * at::cat({2.0 * moved, -(moved * (centre + start_of(of_class))).sum(2, true)}, 2);
  };
  state.add_shares(shares_of(positive, second, 1) - shares_of(negative, first, 0));
}

}  // namespace warmstart
