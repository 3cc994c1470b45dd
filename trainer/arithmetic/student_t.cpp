#include "trainer/arithmetic/student_t.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include <boost/math/special_functions/digamma.hpp>
#include <cmath>

#include "trainer/arithmetic/plain_arithmetic.h"
#include "trainer/arithmetic/second_order.h"

namespace warmstart {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::Function;
using torch::autograd::variable_list;

// What depends on the degrees of freedom alone, and its derivative.
double of_freedom(double v) { return std::lgamma(v / 2) - std::lgamma((v + 1) / 2) + std::log(v * M_PI) / 2; }
double derivative_of_freedom(double v) {
  return (boost::math::digamma(v / 2) - boost::math::digamma((v + 1) / 2) + 1 / v) / 2;
}

// Of all elements, in their order: visit(task, element, error, squared scale, degrees of freedom).
template <typename Visit>
void for_each(const at::Tensor& errors, const at::Tensor& squared_scales, const at::Tensor& freedom,
              const Visit& visit) {
  const auto *error = errors.const_data_ptr<float>(), *square = squared_scales.const_data_ptr<float>(),
             *v = freedom.const_data_ptr<float>();
  const auto tasks = errors.size(0), rows = errors.size(1);
  for (std::int64_t task = 0; task < tasks; ++task)
    for (auto i = task * rows; i < (task + 1) * rows; ++i) visit(task, i, error[i], square[i], v[task]);
}

struct StudentT : Function<StudentT> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& errors, const at::Tensor& squared_scales,
                            const at::Tensor& freedom) {
    const at::AutoDispatchBelowADInplaceOrView in_forward;
    const variable_list inputs = {errors.contiguous(), squared_scales.contiguous(), freedom.contiguous()};
    ctx->save_for_backward(inputs);
    auto losses = at::empty(errors.sizes(), errors.options());
    auto* to = losses.mutable_data_ptr<float>();
    const auto count = freedom.numel();
    std::vector<double> constants;
    constants.reserve(static_cast<std::size_t>(count));
    for (std::int64_t task = 0; task < count; ++task)
      constants.push_back(of_freedom(inputs[2].const_data_ptr<float>()[task]));
    for_each(inputs[0], inputs[1], inputs[2], [&](auto task, auto i, double error, double square, double v) {
      to[i] = static_cast<float>(constants[static_cast<std::size_t>(task)] + std::log(square) / 2 +
                                 (v + 1) / 2 * std::log1p(error * error / (v * square)));
    });
    return losses;
  }

  static variable_list backward(AutogradContext* ctx, variable_list& gradients) {
    refuse_second_order("student_t_losses");
    const at::AutoDispatchBelowADInplaceOrView in_reverse;
    const auto inputs = ctx->get_saved_variables();
    const auto gradient = gradients[0].contiguous();
    const auto* g = gradient.const_data_ptr<float>();
    auto of_errors = at::empty_like(inputs[0]), of_squares = at::empty_like(inputs[1]);
    auto of_freedoms = at::zeros(inputs[2].sizes(), inputs[2].options().dtype(at::kDouble));
    auto *error_to = of_errors.mutable_data_ptr<float>(), *square_to = of_squares.mutable_data_ptr<float>();
    auto* freedom_to = of_freedoms.mutable_data_ptr<double>();
    std::vector<double> constants;
    constants.reserve(static_cast<std::size_t>(of_freedoms.numel()));
    for (std::int64_t task = 0; task < of_freedoms.numel(); ++task)
      constants.push_back(derivative_of_freedom(inputs[2].const_data_ptr<float>()[task]));
    for_each(inputs[0], inputs[1], inputs[2], [&](auto task, auto i, double error, double square, double v) {
      const double spread = v * square, share = error * error / (spread + error * error);
      error_to[i] = static_cast<float>(g[i] * (v + 1) * error / (spread + error * error));
      square_to[i] = static_cast<float>(g[i] * (1 - (v + 1) * share) / (2 * square));
      freedom_to[task] += g[i] * (constants[static_cast<std::size_t>(task)] +
                                  (std::log1p(error * error / spread) - (v + 1) / v * share) / 2);
    });
    return {of_errors, of_squares, of_freedoms.to(at::kFloat)};
  }
};

}  // namespace

at::Tensor student_t_losses(const at::Tensor& errors, const at::Tensor& squared_scales, const at::Tensor& freedom) {
  if (takes_own_loops(errors)) return StudentT::apply(errors, squared_scales, freedom);
  const auto half = (freedom + 1.0) / 2.0;
  const auto constants = at::lgamma(freedom / 2.0) - at::lgamma(half) + at::log(freedom * M_PI) / 2.0;
  return constants + at::log(squared_scales) / 2.0 + half * at::log1p(errors.square() / (freedom * squared_scales));
}

}  // namespace warmstart
