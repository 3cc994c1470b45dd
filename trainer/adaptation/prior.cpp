#include "trainer/adaptation/prior.h"

#include <ATen/ATen.h>

namespace warmstart {
namespace {

constexpr double kSlope = 0.1;            // of the leaky rectifier
constexpr std::uint64_t kMaskNumber = 1;  // rows have the even ones

}  // namespace

Prior::Prior(const FeatureLayout& layout, std::int64_t width, std::int64_t outputs, std::int64_t features,
             Initialiser& draw, Parameters& parameters)
    : parameters_(parameters), width_(width), outputs_(outputs), features_(features) {
  const auto size = outputs * (features + 1);
  const auto add = [&](const char* name, std::vector<std::int64_t> sizes, Initial initial) {
    parameters.add(name, ParameterGroup::kNetwork, std::move(sizes), std::move(initial));
  };
  add("prior.embedding", {layout.task_ids, width}, draw.normal({layout.task_ids, width}, 0.1));
  add("prior.input.weight", {width, layout.task_dense}, draw.uniform({width, layout.task_dense}, layout.task_dense));
  add("prior.input.bias", {width}, draw.uniform({width}, width));
  add("prior.output.weight", {size, width}, draw.uniform({size, width}, width, 0.1));
  add("prior.output.bias", {size}, draw.uniform({size}, width));
}

at::Tensor Prior::hidden(const Support& support) const {
  const auto& tasks = support.descriptions;
  auto hidden = at::linear(tasks.dense, parameters_["prior.input.weight"], parameters_["prior.input.bias"]);
  if (tasks.ids.numel() > 0) {
    hidden = hidden + std::get<0>(at::embedding_bag(parameters_["prior.embedding"], tasks.ids, tasks.offsets, false, 0,
                                                    false, tasks.weights));
  }
  hidden = at::leaky_relu(hidden, kSlope);
  return support.dropout ? hidden * support.dropout->mask(kMaskNumber, hidden.size(0), width_, hidden.options())
                         : hidden;
}

void Prior::apply(TaskState& state, const Support& support) const {
  const auto head = at::linear(hidden(support), parameters_["prior.output.weight"], parameters_["prior.output.bias"]);
  const auto weights = outputs_ * features_;
  state.head = {head.narrow(1, 0, weights).unflatten(1, {outputs_, features_}),
                head.narrow(1, weights, outputs_).unsqueeze(1)};
}

}  // namespace warmstart
