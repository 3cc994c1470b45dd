#include "trainer/adaptation/prototypes.h"

#include <ATen/ATen.h>

#include <cmath>

namespace warmstart {

Prototypes::Prototypes(std::int64_t features, Initialiser& draw, Parameters& parameters) : parameters_(parameters) {
  parameters.add("prototypes.start", ParameterGroup::kNetwork, {2, features}, draw.uniform({2, features}, features));
  // Before the softplus: kappa starts at 1, the factor of distances at 1 / features.
  const auto raw = [](double value) {
    return [value] { return at::full({}, std::log(std::expm1(value)), at::kFloat); };
  };
  parameters.add("prototypes.kappa", ParameterGroup::kInner, {}, raw(1.0));
  parameters.add("prototypes.factor", ParameterGroup::kInner, {}, raw(1.0 / static_cast<double>(features)));
}

// The mean over the members [T, S] of the support's features and the learned prototype: [T, 1, D].
at::Tensor Prototypes::centre(const at::Tensor& features, const at::Tensor& members, std::int64_t of_class) const {
  const auto kappa = at::softplus(parameters_["prototypes.kappa"]);
  const auto sum = at::bmm(members.unsqueeze(1), features) + kappa * parameters_["prototypes.start"][of_class];
  return sum / (members.sum(1, true).unsqueeze(2) + kappa);
}

void Prototypes::apply(TaskState& state, const Support& support) const {
  const auto& [place, label, mask] = support.labels;
  const auto features = support.rows.encode(state.layers).features();
  const auto negative = centre(features, (1.0 - label) * mask, 0), positive = centre(features, label * mask, 1);
  const auto factor = at::softplus(parameters_["prototypes.factor"]);
  state.head.w = state.head.w + factor * 2.0 * (positive - negative);
  state.head.b = state.head.b + factor * (negative.square() - positive.square()).sum(2, true);
}

}  // namespace warmstart
