#include "trainer/adaptation/prior.h"

#include <ATen/ATen.h>

#include "trainer/adaptation/modulation.h"
#include "trainer/layers/linear.h"

namespace warmstart {
namespace {

constexpr const char* kHead = "prior";  // among the sums
constexpr std::uint64_t kMaskNumber = 1;

}  // namespace

Prior::Prior(const FeatureLayout& layout, std::int64_t width, std::int64_t outputs, std::int64_t features,
             Initialiser& draw, Parameters& parameters, EmbeddingSource& tables)
    : description_("prior", kMaskNumber, layout, width, draw, parameters, tables),
      outputs_(outputs),
      features_(features) {
  const auto size = outputs * (features + 1);
  const auto add = [&](const char* name, std::vector<std::int64_t> sizes, Initial initial) {
    parameters.add(name, ParameterGroup::kNetwork, std::move(sizes), std::move(initial));
  };
  add("prior.output.weight", {size, width}, draw.uniform({size, width}, width, 0.1));
  add("prior.output.bias", {size}, draw.uniform({size}, width));
}

void Prior::apply(TaskState& state, const Support& support) const {
  const auto& parameters = state.layers.parameters();
  const auto hidden = description_.hidden(parameters, support);
  const auto head = linear(parameters, "prior.output", hidden).squeeze(1);
  const auto weights = outputs_ * features_;
  state.head = {head.narrow(1, 0, weights).reshape({-1, outputs_, features_}),
                head.narrow(1, weights, outputs_).unsqueeze(1)};
  state.unadapted_head = state.head;
  modulate(state, "prior", hidden);
  state.unadapted_modulation = state.layers.modulation();
  if (support.wanted.sums) state.sums[kHead] = at::cat({state.head.w, state.head.b}, 2);
}

// The prior does not depend on rows.
void Prior::update(TaskState& state, const Support&) const { state.head = head_of_rows(state.sums.at(kHead)); }

}  // namespace warmstart
