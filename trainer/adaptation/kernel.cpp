#include "trainer/adaptation/kernel.h"

#include <ATen/ATen.h>

#include "trainer/adaptation/precisions.h"
#include "trainer/adaptation/residual_rows.h"
#include "trainer/arithmetic/by_element.h"
#include "trainer/arithmetic/gaussian_kernel.h"
#include "trainer/arithmetic/memory_of_pairs.h"
#include "trainer/arithmetic/plain_arithmetic.h"
#include "trainer/arithmetic/positive_inverse.h"
#include "trainer/arithmetic/task_product.h"

namespace warmstart {
namespace {

constexpr double kScale = 0.2;   // of the Gaussian kernel, where it starts
constexpr double kFactor = 2.0;  // of the points

constexpr int kNumbersOfPair = 4;  // its kernel, the Gaussian part of that, a product and an inverse

// What a kernel needs of the support rows, but their labels.
struct Pairs {
  at::Tensor kernel;    // K [T, S, S]
  KernelMemory memory;  // without weights
};

Pairs pairs_of(const ResidualRows& rows, const Support& support, const BatchParameters& parameters) {
  const auto tasks = rows.rows.size(0);
  const auto variance = at::reciprocal(precisions(parameters, "kernel.precision", tasks));
  const auto scale = parameters.for_tasks(softplus_by_element(parameters["kernel.scale"]), tasks).view({-1, 1, 1});
  const auto points = kernel_points(support.rows, rows.encoding, parameters);
  const auto scaled_rows = rows.rows * variance.transpose(1, 2);
  const auto kernel = task_product(scaled_rows, rows.rows.transpose(1, 2)) + gaussian_kernel(scale, points, points);
  return {kernel, {points, scale, scaled_rows, variance, {}, {}, {}, {}}};
}

// (K + W^-1)^-1 of rows with weights W: 0 where rows are padded.
at::Tensor inverse_covariance(const at::Tensor& kernel, const at::Tensor& weights, const Support& support) {
  const auto& mask = support.labels.mask;
  const auto variances = at::reciprocal(weights.squeeze(2) + (1.0 - mask));
  if (!PlainArithmetic::stands()) return positive_inverse(kernel, variances, support.row_counts);
  // A request's rows may stand anywhere.
  const auto pairs = mask.unsqueeze(2) * mask.unsqueeze(1);
  return positive_inverse(kernel * pairs, variances, at::ones_like(mask).sum(1, true)) * pairs;
}

at::Tensor left_out_outputs(const ResidualRows& rows, const Responses& responses, const at::Tensor& inverse,
                            const at::Tensor& mask) {
  const auto residuals = responses.values - rows.base;
  const auto of_prior = (rows.left_out * task_product(inverse, rows.rows).unsqueeze(2)).sum(3);  // [T, S, C]
  const auto own = inverse.diagonal(0, 1, 2).unsqueeze(2) + (1.0 - mask).unsqueeze(2);
  return rows.base + residuals - (task_product(inverse, residuals) - of_prior) / own;
}

// label - base [T, S, 1], 0 where padded.
at::Tensor responses_of(const ResidualRows& rows, const RowTensors& labels) {
  return (labels.label * labels.mask).unsqueeze(2) - rows.base * labels.mask.unsqueeze(2);
}

// What the memory's weights make of the start.
void join(TaskState& state, const at::Tensor& start, const Support& support) {
  const auto& memory = *state.kernel;
  const auto& parameters = state.layers.parameters();
  state.head = head_of(start + task_product(memory.scaled_rows.transpose(1, 2), memory.weights));
  if (support.wanted.noise && has_noise(parameters))
    state.noise = noise_of(parameters, support.row_counts, (memory.residuals * memory.weights).sum(1, true));
}

}  // namespace

Kernel::Kernel(std::int64_t features, std::int64_t inputs, std::int64_t width, bool row_noise, Initialiser& draw,
               Parameters& parameters)
    : row_noise_(row_noise) {
  add_precisions("kernel.precision", features, parameters);
  parameters.add("kernel.points.weight", ParameterGroup::kNetwork, {width, inputs},
                 draw.uniform({width, inputs}, inputs));
  parameters.add("kernel.scale", ParameterGroup::kInner, {}, Initialiser::before_softplus({}, kScale));
  parameters.add("kernel.factor", ParameterGroup::kInner, {}, Initialiser::before_softplus({}, kFactor));
}

void Kernel::apply(TaskState& state, const Support& support) const {
  require_memory_of_pairs(support.labels.mask, kNumbersOfPair, "adapt.stages = kernel", "support rows",
                          "fewer support rows or the stage ridge");
  const auto& parameters = state.layers.parameters();
  const ResidualRows rows(state, support, row_noise_);
  auto [kernel, memory] = pairs_of(rows, support, parameters);
  const auto of_start = rows.base + task_product(rows.rows, rows.start);
  auto outputs = of_start;
  for (int step = 1; step <= support.objective.newton_steps(); ++step) {
    const Responses responses(support.objective, outputs, support.labels, rows.noise);
    if (step == 1 || !support.objective.has_constant_curvature())
      memory.inverse = inverse_covariance(kernel, responses.weights, support);
    memory.residuals = responses.values - of_start;
    memory.weights = task_product(memory.inverse, memory.residuals);
    if (step < support.objective.newton_steps())
      outputs = of_start + task_product(kernel, memory.weights);
    else if (support.wanted.left_out)
      state.left_out_outputs = left_out_outputs(rows, responses, memory.inverse, support.labels.mask);
  }
  if (support.wanted.sums) memory.responses = responses_of(rows, support.labels);
  if (support.wanted.shares) state.add_shares(task_product(memory.inverse, memory.scaled_rows) * memory.residuals);
  state.kernel = std::move(memory);
  join(state, rows.start, support);
}

void Kernel::update(TaskState& state, const Support& support) const {
  const auto& parameters = state.layers.parameters();
  const ResidualRows rows(state, support, row_noise_);
  auto& memory = *state.kernel;
  const auto points = kernel_points(support.rows, rows.encoding, parameters);
  const auto responses = responses_of(rows, support.labels), mask = support.labels.mask.unsqueeze(2);
  for (std::int64_t row = 0; row < rows.rows.size(1); ++row) {
    const auto of_row = [&](const at::Tensor& values) { return values.narrow(1, row, 1); };
    memory.add_row(of_row(rows.rows), of_row(points), of_row(responses), of_row(rows.noise), of_row(mask));
  }
  memory.residuals = memory.responses - task_product(memory.scaled_rows / memory.variance.transpose(1, 2), rows.start);
  memory.weights = task_product(memory.inverse, memory.residuals);
  join(state, rows.start, support);
}

}  // namespace warmstart
