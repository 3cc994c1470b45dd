#include "trainer/adaptation/task_memory.h"

#include <ATen/ATen.h>

#include "trainer/arithmetic/by_element.h"
#include "trainer/arithmetic/softmax.h"
#include "trainer/layers/linear.h"

namespace warmstart {
namespace {

constexpr std::uint64_t kMemoryMaskNumber = 3;
// Among the sums.
constexpr const char *kDescribed = "task-memory.description", *kRowSum = "task-memory.rows";

// The mixtures [T, R, D + 1] of tasks that are described as `description` [T, 1, width], at sums [T, R, 2 width] of so
// many rows [T, R, 1].
at::Tensor mixture(const BatchParameters& parameters, const at::Tensor& description, const at::Tensor& sums,
                   const at::Tensor& counts) {
  const auto kappa = parameters.for_tasks(softplus_by_element(parameters["task-memory.kappa"]), sums.size(0));
  const auto of_rows = linear(parameters, "task-memory.of-rows", sums / (counts + kappa.view({-1, 1, 1})));
  const auto query = linear(parameters, "task-memory.of-description", description) + of_rows;
  return linear(parameters, "task-memory.heads", softmax(linear(parameters, "task-memory.keys", query)));
}

}  // namespace

TaskMemory::TaskMemory(const FeatureLayout& layout, std::int64_t prototypes, std::int64_t width, std::int64_t features,
                       std::int64_t inputs, Initialiser& draw, Parameters& parameters, EmbeddingSource& tables)
    : description_("task-memory", kMemoryMaskNumber, layout, width, draw, parameters, tables),
      set_("task-memory.rows", inputs, width, draw, parameters) {
  const auto add = [&](const char* name, std::vector<std::int64_t> sizes, Initial initial) {
    parameters.add(name, ParameterGroup::kNetwork, std::move(sizes), std::move(initial));
  };
  add("task-memory.of-description.weight", {width, width}, draw.uniform({width, width}, width));
  add("task-memory.of-description.bias", {width}, draw.uniform({width}, width));
  add("task-memory.of-rows.weight", {width, 2 * width}, draw.uniform({width, 2 * width}, 2 * width));
  // Keys of deviation 1, so that tasks read different mixtures from the first step on.
  add("task-memory.keys.weight", {prototypes, width}, draw.normal({prototypes, width}, 1.0));
  add("task-memory.heads.weight", {features + 1, prototypes}, draw.uniform({features + 1, prototypes}, features, 0.1));
  parameters.add("task-memory.kappa", ParameterGroup::kInner, {}, Initialiser::before_softplus({}, 1.0));
}

void TaskMemory::apply(TaskState& state, const Support& support) const {
  const auto& parameters = state.layers.parameters();
  const auto description = description_.hidden(parameters, support);
  const auto rows = set_.of_rows(state, support), sum = rows.sum(1);  // a row for each output
  const auto counts = support.row_counts.unsqueeze(2);
  const auto none = at::zeros_like(counts);
  const auto head_of = [&](const at::Tensor& sums, const at::Tensor& counts) {
    return mixture(parameters, description, sums, counts);
  };
  const auto unadapted = head_of(at::zeros_like(sum), none);
  at::Tensor left_out;
  if (support.wanted.left_out && rows.size(1) > 0)
    left_out = head_of((sum.unsqueeze(1) - rows).flatten(1, 2), (counts - 1.0).clamp_min(0.0))
                   .unflatten(1, {-1, rows.size(2)});
  state.add_to_head(head_of(sum, counts), unadapted, left_out);
  if (support.wanted.shares) {
    const auto mask = support.labels.mask.unsqueeze(2), number = at::cumsum(mask, 1);
    const auto of_output = rows.squeeze(2), so_far = at::cumsum(of_output, 1);
    state.add_shares((head_of(so_far, number) - head_of(so_far - of_output, number - mask)) * mask);
  }
  if (!support.wanted.sums) return;
  state.sums[kDescribed] = description;
  state.sums[kRowSum] = sum;
}

void TaskMemory::update(TaskState& state, const Support& support) const {
  auto& sum = state.sums.at(kRowSum);
  sum = sum + set_.of_rows(state, support).sum(1);
  state.head = with(
      state.head, mixture(state.layers.parameters(), state.sums.at(kDescribed), sum, support.row_counts.unsqueeze(2)));
}

}  // namespace warmstart
