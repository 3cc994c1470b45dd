#include "trainer/arithmetic/gaussian_kernel.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include "trainer/arithmetic/exp_of.h"
#include "trainer/arithmetic/plain_arithmetic.h"
#include "trainer/arithmetic/second_order.h"
#include "trainer/arithmetic/task_product.h"

namespace warmstart {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::Function;
using torch::autograd::variable_list;

at::Tensor half_squares(const at::Tensor& points) { return 0.5 * points.square().sum(2, true); }

// Each product ab in a row, of a with half its square `a`, becomes scale exp(min(0, ab - a - b)).
void row_of_kernel(float* row, const float* b, std::int64_t count, float a, float scale) {
  for (std::int64_t j = 0; j < count; ++j) {
    const float exponent = (row[j] - a) - b[j];
    row[j] = scale * exp_of(exponent > 0.0f ? 0.0f : exponent);
  }
}

struct GaussianKernel : Function<GaussianKernel> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& scale, const at::Tensor& a, const at::Tensor& b) {
    const at::AutoDispatchBelowADInplaceOrView in_forward;
    auto kernel = task_product(a, b.transpose(1, 2)).contiguous();
    const auto of_a = half_squares(a), of_b = half_squares(b), scales = scale.contiguous();
    const auto rows = kernel.size(1), count = kernel.size(2);
    auto* row = kernel.mutable_data_ptr<float>();
    for (std::int64_t i = 0; i < kernel.size(0) * rows; ++i, row += count) {
      const auto task = i / rows;
      row_of_kernel(row, of_b.const_data_ptr<float>() + task * count, count, of_a.const_data_ptr<float>()[i],
                    scales.const_data_ptr<float>()[task]);
    }
    ctx->save_for_backward({scale, a, b, kernel});
    return kernel;
  }

  static variable_list backward(AutogradContext* ctx, variable_list& gradients) {
    refuse_second_order("gaussian_kernel");
    const at::AutoDispatchBelowADInplaceOrView in_reverse;
    const auto saved = ctx->get_saved_variables();
    const auto &scale = saved[0], &a = saved[1], &b = saved[2];
    const auto of_exponent = gradients[0] * saved[3];
    const auto of_rows = of_exponent.sum(2, true), of_columns = of_exponent.sum(1).unsqueeze(2);
    return {of_rows.sum(1, true) / scale, task_product(of_exponent, b) - of_rows * a,
            task_product(of_exponent.transpose(1, 2), a) - of_columns * b};
  }
};

}  // namespace

at::Tensor gaussian_kernel(const at::Tensor& scale, const at::Tensor& a, const at::Tensor& b) {
  if (takes_own_loops(scale)) return GaussianKernel::apply(scale, a, b);
  const auto exponent = task_product(a, b.transpose(1, 2)) - half_squares(a) - half_squares(b).transpose(1, 2);
  return scale * at::exp(exponent.clamp_max(0.0));
}

}  // namespace warmstart
