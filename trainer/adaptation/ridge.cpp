#include "trainer/adaptation/ridge.h"

#include <ATen/ATen.h>

#include "trainer/adaptation/precisions.h"
#include "trainer/adaptation/residual_rows.h"
#include "trainer/arithmetic/left_out_rows.h"
#include "trainer/arithmetic/plain_arithmetic.h"
#include "trainer/arithmetic/positive_inverse.h"
#include "trainer/arithmetic/ridge_solution.h"
#include "trainer/arithmetic/task_product.h"
#include "trainer/arithmetic/weighted_squares.h"

namespace warmstart {
namespace {

constexpr std::int64_t kWide = 128;  // features, above which tasks mostly have fewer rows

// Weighted least squares of one Newton step.
struct Fit {
  at::Tensor inverse;    // A^-1 [T, D + 1, D + 1]
  at::Tensor errors;     // e [T, S, C]
  at::Tensor residuals;  // e, weighted
  at::Tensor change;     // of the head [T, D + 1, C]
};

// A^-1, A = H' W H + Lambda.
at::Tensor inverse_by_features(const ResidualRows& support, const at::Tensor& weights, const at::Tensor& precision) {
  const auto squares = weighted_squares(support.rows, weights);
  const auto counts = at::full_like(squares.select(2, 0).narrow(1, 0, 1), squares.size(1));
  return positive_inverse(squares, precision.squeeze(2), counts);
}

// The same by an inverse of a row and a column for each support row instead of each feature (Woodbury):
// V - V H' (H V H' + W^-1)^-1 H V, V = Lambda^-1.
at::Tensor inverse_by_rows(const ResidualRows& support, const at::Tensor& weights, const at::Tensor& precision) {
  const auto variance = at::reciprocal(precision);
  const auto scaled = support.rows * variance.transpose(1, 2);
  const auto kernel = task_product(scaled, support.rows.transpose(1, 2));
  const auto of_rows = weights.squeeze(2);
  // Padded rows weigh 0 and are 0.
  const auto variances = at::reciprocal(of_rows + of_rows.eq(0.0).to(of_rows.scalar_type()));
  const auto inner = positive_inverse(kernel, variances, at::ones_like(of_rows).sum(1, true));
  const auto features = at::eye(support.rows.size(2), variance.options());
  return features * variance - task_product(scaled.transpose(1, 2), task_product(inner, scaled));
}

at::Tensor inverse_of(const ResidualRows& support, const at::Tensor& weights, const at::Tensor& precision) {
  const bool wide = PlainArithmetic::stands() && support.rows.size(2) > kWide;
  return (wide ? inverse_by_rows : inverse_by_features)(support, weights, precision);
}

Fit fit(const ResidualRows& support, const Responses& responses, at::Tensor inverse) {
  auto errors = responses.values - support.base - task_product(support.rows, support.start);
  auto residuals = responses.weights * errors;
  auto change = task_product(inverse, task_product(support.rows.transpose(1, 2), residuals));
  return {std::move(inverse), std::move(errors), std::move(residuals), std::move(change)};
}

// e' W (e - fitted)
at::Tensor unexplained(const ResidualRows& support, const Fit& fit) {
  return (fit.residuals * (fit.errors - task_product(support.rows, fit.change))).sum(1, true);
}

constexpr const char *kMoments = "ridge.moments", *kSquares = "ridge.squares";

// Adds H' W r and r' W r of rows to the state's, W the inverse of their noise.
void add_sums(TaskState& state, const ResidualRows& rows, const RowTensors& labels) {
  const auto r = (labels.label * labels.mask).unsqueeze(2) - rows.base * labels.mask.unsqueeze(2);
  const auto weighted = r / rows.noise;
  const auto add = [&](const char* name, const at::Tensor& sum) {
    auto& so_far = state.sums[name];
    so_far = so_far.defined() ? so_far + sum : sum;
  };
  add(kMoments, task_product(rows.rows.transpose(1, 2), weighted));
  add(kSquares, (weighted * r).sum(1, true));
}

bool tells_noise(const TaskState& state, const Support& support) {
  return support.wanted.noise && has_noise(state.layers.parameters());
}

// Whether the head and the deviations are all that is asked for, and need no inverse.
bool solves(const ResidualRows& rows, const Support& support) {
  const auto& wanted = support.wanted;
  return !wanted.left_out && !wanted.shares && !wanted.sums && !wanted.memory &&
         support.objective.newton_steps() == 1 && support.objective.outputs() == 1 && has_ridge_solution(rows.rows);
}

void solve(TaskState& state, const Support& support, const ResidualRows& rows, const at::Tensor& precision) {
  const auto outputs = rows.base + task_product(rows.rows, rows.start);
  const Responses responses(support.objective, outputs, support.labels, rows.noise);
  const auto errors = responses.values - outputs;
  auto solution = ridge_solution(rows.rows, responses.weights, errors, precision);
  state.head = head_of(rows.start + solution.change);
  if (tells_noise(state, support)) {
    const auto left = errors - task_product(rows.rows, solution.change);
    const auto unexplained = (responses.weights * errors * left).sum(1, true);
    state.noise = noise_of(state.layers.parameters(), support.row_counts, unexplained);
  }
  state.solution = std::move(solution);
}

}  // namespace

Ridge::Ridge(std::int64_t features, bool row_noise, Parameters& parameters) : row_noise_(row_noise) {
  add_precisions("ridge.precision", features, parameters);
}

void Ridge::apply(TaskState& state, const Support& support) const {
  const auto& parameters = state.layers.parameters();
  const ResidualRows rows(state, support, row_noise_);
  const auto precision = precisions(parameters, "ridge.precision", rows.rows.size(0));
  if (solves(rows, support)) return solve(state, support, rows, precision);
  auto head = rows.start;
  Fit found;
  for (int step = 1; step <= support.objective.newton_steps(); ++step) {
    const Responses responses(support.objective, rows.base + task_product(rows.rows, head), support.labels, rows.noise);
    const bool is_known = step > 1 && support.objective.has_constant_curvature();
    found = fit(rows, responses, is_known ? found.inverse : inverse_of(rows, responses.weights, precision));
    head = rows.start + found.change;
    if (support.wanted.left_out && step == support.objective.newton_steps())
      state.left_out_outputs =
          rows.base + left_out_rows({rows.rows, found.inverse, responses.weights,
                                     (responses.values - rows.base) * responses.weights, precision, rows.left_out});
  }
  state.head = head_of(head);
  state.covariance = found.inverse;
  if (tells_noise(state, support)) state.noise = noise_of(parameters, support.row_counts, unexplained(rows, found));
  if (support.wanted.shares) state.add_shares(task_product(rows.rows, found.inverse) * found.residuals);
  if (support.wanted.sums) add_sums(state, rows, support.labels);
}

void Ridge::update(TaskState& state, const Support& support) const {
  const auto& parameters = state.layers.parameters();
  const ResidualRows rows(state, support, row_noise_);
  add_sums(state, rows, support.labels);
  for (std::int64_t row = 0; row < rows.rows.size(1); ++row) {
    const auto h = rows.rows.narrow(1, row, 1);
    const auto gain = task_product(h, state.covariance);
    const auto total = (gain * h).sum(2, true) + rows.noise.narrow(1, row, 1);
    state.covariance = state.covariance - task_product(gain.transpose(1, 2), gain) / total;
  }
  const auto precision = precisions(parameters, "ridge.precision", rows.rows.size(0));
  const auto pulled = state.sums.at(kMoments) + precision * rows.start;
  const auto head = task_product(state.covariance, pulled);
  state.head = head_of(head);
  if (!has_noise(parameters)) return;
  const auto of_start = (rows.start * precision * rows.start).sum(1, true);
  const auto unexplained = state.sums.at(kSquares) + of_start - (pulled * head).sum(1, true);
  state.noise = noise_of(parameters, support.row_counts, unexplained);
}

}  // namespace warmstart
