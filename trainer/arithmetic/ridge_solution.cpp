#include "trainer/arithmetic/ridge_solution.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "trainer/arithmetic/per_task.h"
#include "trainer/arithmetic/plain_arithmetic.h"
#include "trainer/arithmetic/row_loops.h"
#include "trainer/arithmetic/task_kernels.h"

namespace warmstart {
namespace {

// What rounding leaves of smaller pivots may be of either sign; without it none is below 1.
constexpr float kLeastPivot = 0.5f;

using Values = std::vector<float>;

template <typename Value>
std::vector<Value> zeros_of(std::int64_t count) {
  return std::vector<Value>(static_cast<std::size_t>(count));
}
Values zeros(std::int64_t count) { return zeros_of<float>(count); }

// A task's rows, without those that weigh nothing.  With V = Lambda^-1 and P = W^1/2 H V^1/2 the change is
// V^1/2 P' (P P' + 1)^-1 W^1/2 e, which is V^1/2 (P' P + 1)^-1 P' W^1/2 e.
class OfTask {
 public:
  OfTask(const float* rows, const float* weights, const float* errors, const float* precisions, std::int64_t count,
         std::int64_t features)
      : features_(features), roots_(zeros(features)), scaled_(zeros(count * features)) {
    auto *roots = roots_.data(), *to = scaled_.data();
    for (std::int64_t d = 0; d < features; ++d) roots[d] = 1.0f / std::sqrt(precisions[d]);
    for (std::int64_t i = 0; i < count; ++i) {
      if (weights[i] == 0.0f) continue;
      const float root = std::sqrt(weights[i]);
      errors_.push_back(root * errors[i]);
      for (std::int64_t d = 0; d < features; ++d) *to++ = root * rows[i * features + d] * roots[d];
    }
  }

  std::int64_t count() const { return static_cast<std::int64_t>(errors_.size()); }
  bool by_rows() const { return count() < features_; }
  std::int64_t order() const { return std::min(count(), features_); }
  const float* roots() const { return roots_.data(); }

  // L^-1 [W^1/2 e, P V^1/2] or L^-1 [P' W^1/2 e, V^1/2], where L L' = P P' + 1 or P' P + 1: [order(), 1 + features].
  Values solved() const {
    auto matrix = by_rows() ? squares(transposed().data(), features_) : squares(scaled_.data(), count());
    auto solved = by_rows() ? right_side_of_rows() : right_side_of_features();
    const auto n = order();
    for (std::int64_t k = 0; k < n; ++k) {
      auto *pivots = matrix.data() + k * n, *own = solved.data() + k * (1 + features_);
      const auto width = by_rows() ? 1 + features_ : 2 + k;  // behind it are zeros
      const float inverse = 1.0f / std::sqrt(std::max(pivots[k] + 1.0f, kLeastPivot));
      for (auto j = k; j < n; ++j) pivots[j] *= inverse;
      for (std::int64_t j = 0; j < width; ++j) own[j] *= inverse;
      for (auto i = k + 1; i < n; ++i) {
        add_scaled(matrix.data() + i * n + i, -pivots[i], pivots + i, n - i);
        add_scaled(solved.data() + i * (1 + features_), -pivots[i], own, width);
      }
    }
    return solved;
  }

 private:
  const float* row(std::int64_t i) const { return scaled_.data() + i * features_; }
  const float* errors() const { return errors_.data(); }

  // M' M of M [count, order()].
  Values squares(const float* m, std::int64_t count) const {
    const auto n = order();
    auto products = zeros(n * n);
    if (n > 0) weighted_rows(products.data(), {}, {m, 1, n}, m, n, count, n);
    return products;
  }

  Values transposed() const {
    auto transpose = zeros(features_ * count());
    auto* to = transpose.data();
    for (std::int64_t d = 0; d < features_; ++d)
      for (std::int64_t i = 0; i < count(); ++i) *to++ = row(i)[d];
    return transpose;
  }

  Values right_side_of_rows() const {
    auto side = zeros(count() * (1 + features_));
    auto* to = side.data();
    for (std::int64_t i = 0; i < count(); ++i) {
      *to++ = errors()[i];
      for (std::int64_t d = 0; d < features_; ++d) *to++ = row(i)[d] * roots()[d];
    }
    return side;
  }

  Values right_side_of_features() const {
    auto side = zeros(features_ * (1 + features_)), products = zeros(features_);
    for (std::int64_t i = 0; i < count(); ++i) add_scaled(products.data(), errors()[i], row(i), features_);
    const auto* product = products.data();
    for (std::int64_t d = 0; d < features_; ++d) {
      auto* of_feature = side.data() + d * (1 + features_);
      of_feature[0] = product[d];
      of_feature[1 + d] = roots()[d];
    }
    return side;
  }

  std::int64_t features_;
  Values roots_;            // V^1/2
  Values scaled_, errors_;  // P [count(), features], W^1/2 e
};

// A task's share of a RidgeSolution: the change, the factor and the diagonal.
void write(const OfTask& task, std::int64_t features, float* change, float* factor, float* diagonal) {
  const auto solved = task.solved();
  for (std::int64_t d = 0; d < features; ++d) diagonal[d] = task.by_rows() ? task.roots()[d] * task.roots()[d] : 0.0f;
  for (std::int64_t i = 0; i < task.order(); ++i) {
    const auto* row = solved.data() + i * (1 + features);
    add_scaled(change, row[0], row + 1, features);
    for (std::int64_t d = 0; d < features; ++d) factor[d * task.order() + i] = row[1 + d];
  }
}

float weighted_square(const float* values, const float* weights, std::int64_t count) {
  float sum = 0.0f;
#pragma omp simd reduction(+ : sum) simdlen(16)
  for (std::int64_t i = 0; i < count; ++i) sum += values[i] * values[i] * weights[i];
  return sum;
}

}  // namespace

bool has_ridge_solution(const at::Tensor& rows) {
  return takes_own_loops(rows) && has_task_kernels() && !c10::GradMode::is_enabled();
}

RidgeSolution ridge_solution(const at::Tensor& rows, const at::Tensor& weights, const at::Tensor& errors,
                             const at::Tensor& precisions) {
  const auto tasks = rows.size(0), count = rows.size(1), features = rows.size(2);
  const auto h = rows.contiguous(), w = weights.contiguous(), e = errors.contiguous(), p = precisions.contiguous();
  RidgeSolution solution = {at::zeros({tasks, features, 1}, h.options()),
                            at::empty({tasks, features * std::min(count, features)}, h.options()),
                            at::empty({tasks, features}, h.options()), zeros_of<std::int64_t>(tasks)};
  const auto of_rows = read(h), of_weights = read(w), of_errors = read(e), of_precisions = read(p);
  const auto change = written(solution.change), factor = written(solution.factor),
             diagonal = written(solution.diagonal);
  auto* orders = solution.orders.data();
  at::parallel_for(0, tasks, 1, [&](std::int64_t first, std::int64_t end) {
    for (auto t = first; t < end; ++t) {
      const OfTask task(of_rows[t], of_weights[t], of_errors[t], of_precisions[t], count, features);
      write(task, features, change[t], factor[t], diagonal[t]);
      orders[t] = task.order();
    }
  });
  return solution;
}

at::Tensor RidgeSolution::variance(const at::Tensor& features) const {
  const auto tasks = features.size(0), rows = features.size(1), count = features.size(2);
  const auto f = features.contiguous();
  auto variances = at::empty({tasks, rows, 1}, f.options());
  const auto of_features = read(f), of_factor = read(factor), of_diagonal = read(diagonal);
  const auto to = written(variances);
  const auto* order_of = orders.data();
  at::parallel_for(0, tasks, 1, [&](std::int64_t first, std::int64_t end) {
    for (auto t = first; t < end; ++t) {
      const auto order = order_of[t];
      const float sign = order < diagonal.size(1) ? -1.0f : 1.0f;
      auto products = zeros(rows * order);  // of the rows with the factor
      if (order > 0 && rows > 0)
        weighted_rows(products.data(), {of_factor[t] + count * order, 0}, {of_features[t], count, 1}, of_factor[t],
                      rows, count, order);
      for (std::int64_t r = 0; r < rows; ++r)
        to[t][r] = of_diagonal[t][count] + weighted_square(of_features[t] + r * count, of_diagonal[t], count) +
                   sign * dot(products.data() + r * order, products.data() + r * order, order);
    }
  });
  return variances;
}

}  // namespace warmstart
