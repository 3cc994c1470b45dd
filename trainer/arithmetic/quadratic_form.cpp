#include "trainer/arithmetic/quadratic_form.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#include "trainer/arithmetic/per_task.h"
#include "trainer/arithmetic/plain_arithmetic.h"
#include "trainer/arithmetic/row_loops.h"
#include "trainer/arithmetic/second_order.h"
#include "trainer/arithmetic/task_kernels.h"
#include "trainer/arithmetic/task_product.h"

namespace warmstart {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::Function;
using torch::autograd::variable_list;

struct QuadraticForm : Function<QuadraticForm> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& rows, const at::Tensor& matrices) {
    const at::AutoDispatchBelowADInplaceOrView in_forward;
    const auto x = rows.contiguous(), m = matrices.contiguous();
    const auto count = x.size(1), width = x.size(2);
    const auto products = at::empty_like(x);
    auto forms = at::empty({x.size(0), count, 1}, x.options());
    const auto of_x = read(x), of_m = read(m);
    const auto to_products = written(products), to = written(forms);
    at::parallel_for(0, x.size(0), 1, [&](std::int64_t first, std::int64_t end) {
      for (auto task = first; task < end; ++task) {
        weighted_rows(to_products[task], {}, {of_x[task], width, 1}, of_m[task], count, width, width);
        for (std::int64_t row = 0; row < count; ++row)
          to[task][row] = dot(to_products[task] + row * width, of_x[task] + row * width, width);
      }
    });
    ctx->save_for_backward({x, products});
    return forms;
  }

  static variable_list backward(AutogradContext* ctx, variable_list& gradients) {
    refuse_second_order("quadratic_form");
    const at::AutoDispatchBelowADInplaceOrView in_reverse;
    const auto saved = ctx->get_saved_variables();
    const auto weighted = saved[0] * gradients[0];
    return {2.0 * gradients[0] * saved[1], task_product(saved[0].transpose(1, 2), weighted)};
  }
};

}  // namespace

at::Tensor quadratic_form(const at::Tensor& rows, const at::Tensor& matrices) {
  if (takes_own_loops(rows) && has_task_kernels() && rows.numel() > 0) return QuadraticForm::apply(rows, matrices);
  return (task_product(rows, matrices) * rows).sum(2, true);
}

}  // namespace warmstart
