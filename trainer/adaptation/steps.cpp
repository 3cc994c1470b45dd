#include "trainer/adaptation/steps.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "trainer/arithmetic/task_product.h"
#include "trainer/layers/linear.h"

namespace warmstart {
namespace {

// What an inner step goes by.
struct InnerGradient {
  at::Tensor errors;    // [T, S, C]: the inner loss's gradient at the outputs
  at::Tensor features;  // [T, S, D]
  std::vector<LayerGradient> layers;
};

InnerGradient gradient_of(const TaskState& state, const Support& support) {
  const auto encoding = support.rows.encode(state.layers);
  const auto outputs = state.head.outputs(encoding.features(), encoding.base());
  const auto e = support.objective.inner_gradient(outputs, support.labels);
  if (!encoding.has_tape()) return {e, encoding.features(), {}};
  // With one output, a product of columns and rows is plain multiplication.
  const auto of_features = e.size(2) == 1 ? e * state.head.w : task_product(e, state.head.w);
  return {e, encoding.features(), encoding.backward(of_features, e.size(2) == 1 ? e : e.sum(2, true))};
}

void add_change(TaskState& state, const std::vector<LayerGradient>& gradients, int step, const at::Tensor& scale) {
  const c10::AutoGradMode mode(true);
  state.change_losses = state.change_losses + state.layers.change_losses(gradients, step, scale);
}

// As the curvature has it, [M, D + 1, D + 1], where there is one.
Head curved(const Head& gradient, const at::Tensor& curvature, const Microbatches& microbatches) {
  if (!curvature.defined()) return gradient;
  const auto features = gradient.w.size(2);
  const auto of_both = at::cat({gradient.w, gradient.b.transpose(1, 2)}, 2);
  const auto result = with_curvature(of_both, curvature, microbatches);
  return {result.narrow(2, 0, features), result.narrow(2, features, 1).transpose(1, 2)};
}

}  // namespace

void Steps::step(TaskState& state, const Head& start, const Support& support, int step, at::Tensor* shares) const {
  const bool second_order = rule_.options().second_order;
  const auto kept = [&](const at::Tensor& tensor) {
    return second_order || !tensor.defined() ? tensor : tensor.detach();
  };
  auto gradient = [&] {
    // First order: the gradient counts as a constant.
    const c10::AutoGradMode mode(second_order && c10::GradMode::is_enabled());
    return gradient_of(state, support);
  }();
  for (auto& layer : gradient.layers) layer.inputs = kept(layer.inputs);
  const auto& parameters = state.layers.parameters();
  const auto scale = rule_.scale(parameters, step, support.row_counts).unsqueeze(2);
  if (support.wanted.change) add_change(state, gradient.layers, step, scale);
  state.layers.step(gradient.layers, step, scale);
  const auto tasks = state.head.w.size(0), features = state.head.w.size(2);
  const auto of_tasks = [&](const at::Tensor& values) { return parameters.for_tasks(values, tasks).unsqueeze(1); };
  const auto pull = of_tasks(rule_.pull(parameters));
  const auto curvature = rule_.head_curvature(parameters);
  const auto of_head = curved({task_product(gradient.errors.transpose(1, 2), kept(gradient.features)) +
                                   pull.narrow(2, 0, 1) * kept(state.head.w - start.w),
                               gradient.errors.sum(1, true) + pull.narrow(2, 1, 1) * kept(state.head.b - start.b)},
                              curvature, parameters.microbatches());
  const auto rate = of_tasks(rule_.head_rate(parameters, step)).expand({-1, 1, features + 1});
  state.head.w = state.head.w - scale * of_head.w * rate.narrow(2, 0, features);
  state.head.b = state.head.b - scale * of_head.b * rate.narrow(2, features, 1);
  if (!shares) return;
  // The head's change is linear in the rows' gradients and in itself.
  const auto of_rows = at::cat({gradient.errors * gradient.features, gradient.errors}, 2);
  const auto pulls = at::cat({pull.narrow(2, 0, 1).expand({-1, 1, features}), pull.narrow(2, 1, 1)}, 2);
  const auto of_shares = with_curvature(of_rows + pulls * *shares, curvature, parameters.microbatches());
  *shares = *shares - scale * of_shares * rate;
}

void Steps::apply(TaskState& state, const Support& support) const {
  const auto start = state.head;
  if (support.wanted.change) state.change_losses = at::zeros_like(support.row_counts).flatten();
  {
    const c10::AutoGradMode mode(c10::GradMode::is_enabled() && !support.wanted.change);
    take_all(state, start, support);
  }
  if (!support.wanted.change) return;
  const auto of_head = [](const at::Tensor& from, const at::Tensor& to) {
    return (from * (from - to).detach()).flatten(1).sum(1);
  };
  state.change_losses = state.change_losses + of_head(start.w, state.head.w) + of_head(start.b, state.head.b);
}

void Steps::take_all(TaskState& state, const Head& start, const Support& support) const {
  if (support.labels.mask.size(1) == 0) return;  // tasks without any support row stay as they are
  const auto& mask = support.labels.mask;
  auto shares = at::zeros_like(mask).unsqueeze(2).expand({-1, -1, start.w.size(2) + 1});
  for (int step = 0; step < rule_.options().steps; ++step)
    this->step(state, start, support, step, support.wanted.shares ? &shares : nullptr);
  if (support.wanted.shares) state.add_shares(shares);
}

}  // namespace warmstart
