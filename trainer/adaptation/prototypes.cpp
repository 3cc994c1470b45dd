#include "trainer/adaptation/prototypes.h"

#include <ATen/ATen.h>

#include "trainer/arithmetic/by_element.h"
#include "trainer/arithmetic/task_product.h"

namespace warmstart {

namespace {

constexpr const char *kPrototypeStart = "prototypes.start", *kPrototypeKappa = "prototypes.kappa",
                     *kPrototypeFactor = "prototypes.factor";

// Of two classes' centres [T, 2, D] with one output, the log-odds of the second; of classes' [T, C, D], an output each.
Head head_of_centres(const at::Tensor& centres, const at::Tensor& factor, std::int64_t outputs) {
  const auto lengths = centres.square().sum(2);
  if (outputs > 1) return {factor * 2.0 * centres, -factor * lengths.unsqueeze(1)};
  const auto first = centres.narrow(1, 0, 1), second = centres.narrow(1, 1, 1);
  return {factor * 2.0 * (second - first), factor * (first.square() - second.square()).sum(2, true)};
}

}  // namespace

Prototypes::Prototypes(std::int64_t features, std::int64_t outputs, Initialiser& draw, Parameters& parameters)
    : outputs_(outputs) {
  // Numbers of an episode's classes say nothing, so all of them start from one.
  const std::int64_t starts = outputs > 1 ? 1 : 2;
  parameters.add(kPrototypeStart, ParameterGroup::kNetwork, {starts, features},
                 draw.uniform({starts, features}, features));
  // Before the softplus: kappa starts at 1, the factor of distances at 1 / features.
  parameters.add(kPrototypeKappa, ParameterGroup::kInner, {}, Initialiser::before_softplus({}, 1.0));
  parameters.add(kPrototypeFactor, ParameterGroup::kInner, {},
                 Initialiser::before_softplus({}, 1.0 / static_cast<double>(features)));
}

// 1 where a support row is of the class: [T, classes, S].
at::Tensor Prototypes::members(const RowTensors& labels) const {
  const auto classes = at::arange(outputs_ > 1 ? outputs_ : 2, labels.label.options()).view({1, -1, 1});
  return labels.label.unsqueeze(1).eq(classes).to(labels.label.scalar_type()) * labels.mask.unsqueeze(1);
}

void Prototypes::apply(TaskState& state, const Support& support) const {
  const auto& parameters = state.layers.parameters();
  const auto features = support.rows.encode(state.layers).features();
  const auto positive_scalar = [&](const char* name) {
    return softplus_by_element(parameters.for_tasks(parameters[name], features.size(0))).view({-1, 1, 1});
  };
  const auto kappa = positive_scalar(kPrototypeKappa), factor = positive_scalar(kPrototypeFactor);
  const auto members = this->members(support.labels);
  const auto counts = members.sum(2, true) + kappa;
  const auto starts =
      parameters.for_tasks(parameters[kPrototypeStart], features.size(0)).expand({-1, members.size(1), -1});
  const auto centres = (task_product(members, features) + kappa * starts) / counts;
  const auto joined = [&](const Head& head, const at::Tensor& of) -> Head {
    const auto added = head_of_centres(of, factor, outputs_);
    return {head.w + added.w, head.b + added.b};
  };
  state.unadapted_head = joined(state.unadapted_head, starts);
  state.head = joined(state.head, centres);
  if (!support.wanted.shares) return;
  // What a row adds to its class's centre; |c|^2 has grown by that times the centre's start and end together.
  const auto shares_of = [&](std::int64_t of_class) {
    const auto of = [&](const at::Tensor& values) { return values.narrow(1, of_class, 1); };
    const auto moved = of(members).transpose(1, 2) * (features - of(starts)) / of(counts);
    return factor * at::cat({2.0 * moved, -(moved * (of(centres) + of(starts))).sum(2, true)}, 2);
  };
  state.add_shares(shares_of(1) - shares_of(0));
}

}  // namespace warmstart
