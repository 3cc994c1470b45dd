#include "trainer/adaptation/ridge.h"

#include <ATen/ATen.h>

#include "trainer/adaptation/residual_rows.h"
#include "trainer/arithmetic/by_element.h"
#include "trainer/arithmetic/positive_inverse.h"
#include "trainer/arithmetic/task_product.h"

namespace warmstart {
namespace {

constexpr double kPrecision = 3.0;         // where precisions start
constexpr double kLeastPrecision = 0.001;  // which softplus adds to
constexpr double kLeastFreedom = 0.02;     // of a row's own part in its fitted output, which 1 bounds

// Weighted least squares of one Newton step.
struct Fit {
  at::Tensor inverse;  // A^-1 [T, D + 1, D + 1]
  at::Tensor change;   // of the head [T, D + 1, 1]
};

Fit fit(const ResidualRows& support, const Responses& responses, const at::Tensor& precision) {
  const auto weighted = support.rows * responses.weights;
  const auto squares = task_product(weighted.transpose(1, 2), support.rows);
  const auto tasks = squares.size(0), size = squares.size(1);
  const auto counts = at::full({tasks, 1}, static_cast<double>(size), squares.options());
  auto inverse = positive_inverse(squares, precision.squeeze(2), counts);
  const auto residuals = responses.values - support.base - task_product(support.rows, support.start);
  return {inverse, task_product(inverse, task_product(weighted.transpose(1, 2), residuals))};
}

// The support rows' outputs where each was left out.
at::Tensor left_out_outputs(const ResidualRows& support, const Responses& responses, const Fit& fit,
                            const at::Tensor& precision) {
  const auto rows_inverse = task_product(support.rows, fit.inverse);  // [T, S, D + 1]
  const auto sum = [](const at::Tensor& values) { return values.sum(2, true); };
  const auto residuals = (responses.values - support.base) * responses.weights;
  const auto own = sum(rows_inverse * support.rows);
  const auto fitted = task_product(rows_inverse, task_product(support.rows.transpose(1, 2), residuals));
  const auto of_prior = sum(support.left_out * precision.transpose(1, 2) * rows_inverse);
  const auto freedom = (1.0 - own * responses.weights).clamp_min(kLeastFreedom);
  return support.base + (fitted + of_prior - own * residuals) / freedom;
}

}  // namespace

Ridge::Ridge(std::int64_t features, Parameters& parameters) { add_precisions("ridge.precision", features, parameters); }

void Ridge::apply(TaskState& state, const Support& support) const {
  if (support.labels.mask.size(1) == 0) return;  // tasks without any support row stay as they are
  const ResidualRows rows(state, support);
  const auto precision = precisions(state.layers.parameters(), "ridge.precision", rows.rows.size(0));
  auto head = rows.start;
  for (int step = 1; step <= support.objective.newton_steps(); ++step) {
    const Responses responses(support.objective, rows.base + task_product(rows.rows, head), support.labels);
    const auto found = fit(rows, responses, precision);
    head = rows.start + found.change;
    if (support.leaves_out && step == support.objective.newton_steps())
      state.left_out_outputs = left_out_outputs(rows, responses, found, precision);
  }
  state.head = head_of(head);
}

void add_precisions(const std::string& name, std::int64_t features, Parameters& parameters) {
  parameters.add(name, ParameterGroup::kInner, {features + 1},
                 Initialiser::before_softplus({features + 1}, kPrecision));
}

at::Tensor precisions(const BatchParameters& parameters, const std::string& name, std::int64_t tasks) {
  return parameters.for_tasks(softplus_by_element(parameters[name]) + kLeastPrecision, tasks).unsqueeze(2);
}

}  // namespace warmstart
