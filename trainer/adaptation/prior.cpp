#include "trainer/adaptation/prior.h"

#include <ATen/ATen.h>

#include "trainer/layers/embed.h"
#include "trainer/layers/linear.h"

namespace warmstart {
namespace {

constexpr const char* kHead = "prior";    // among the sums
constexpr double kSlope = 0.1;            // of the leaky rectifier
constexpr std::uint64_t kMaskNumber = 1;  // rows have the even ones

}  // namespace

Prior::Prior(const FeatureLayout& layout, std::int64_t width, std::int64_t outputs, std::int64_t features,
             Initialiser& draw, Parameters& parameters, EmbeddingSource& tables)
    : width_(width), outputs_(outputs), features_(features) {
  const auto size = outputs * (features + 1);
  const auto add = [&](const char* name, std::vector<std::int64_t> sizes, Initial initial) {
    parameters.add(name, ParameterGroup::kNetwork, std::move(sizes), std::move(initial));
  };
  tables.add("prior.embedding", ParameterGroup::kNetwork, layout.task_ids, width,
             draw.normal({layout.task_ids, width}, 0.1));
  add("prior.input.weight", {width, layout.task_dense}, draw.uniform({width, layout.task_dense}, layout.task_dense));
  add("prior.input.bias", {width}, draw.uniform({width}, width));
  add("prior.output.weight", {size, width}, draw.uniform({size, width}, width, 0.1));
  add("prior.output.bias", {size}, draw.uniform({size}, width));
}

at::Tensor Prior::hidden(const BatchParameters& parameters, const Support& support) const {
  const auto& tasks = support.descriptions;
  auto hidden = linear(parameters, "prior.input", tasks.dense.unsqueeze(1)).squeeze(1);
  if (!tasks.ids.is_empty()) hidden = hidden + embed(parameters, "prior.embedding", tasks.ids);
  hidden = at::leaky_relu(hidden, kSlope);
  if (!support.dropout) return hidden;
  const auto first_tasks = parameters.microbatches().first_tasks(hidden.size(0));
  return hidden * support.dropout->mask(kMaskNumber, first_tasks, width_, hidden.options());
}

void Prior::apply(TaskState& state, const Support& support) const {
  const auto& parameters = state.layers.parameters();
  const auto head = linear(parameters, "prior.output", hidden(parameters, support).unsqueeze(1)).squeeze(1);
  const auto weights = outputs_ * features_;
  state.head = {head.narrow(1, 0, weights).reshape({-1, outputs_, features_}),
                head.narrow(1, weights, outputs_).unsqueeze(1)};
  state.unadapted_head = state.head;
  if (support.wanted.sums) state.sums[kHead] = at::cat({state.head.w, state.head.b}, 2);
}

// The prior does not depend on rows.
void Prior::update(TaskState& state, const Support&) const { state.head = head_of_row(state.sums.at(kHead)); }

}  // namespace warmstart
