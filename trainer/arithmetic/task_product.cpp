#include "trainer/arithmetic/task_product.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#include "trainer/arithmetic/plain_arithmetic.h"
#include "trainer/arithmetic/second_order.h"
#include "trainer/arithmetic/task_kernels.h"

namespace warmstart {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::Function;
using torch::autograd::variable_list;

// Matrices [T, .., ..] as they lie in memory, and whether their transposes are meant.
struct Operand {
  at::Tensor stored;
  bool transposed = false;

  std::int64_t rows() const { return stored.size(transposed ? 2 : 1); }
  std::int64_t columns() const { return stored.size(transposed ? 1 : 2); }
  const float* of(std::int64_t task) const {
    return stored.const_data_ptr<float>() + task * stored.size(1) * stored.size(2);
  }
};

Operand operand(const at::Tensor& matrices, bool may_be_transposed) {
  if (!matrices.is_contiguous() && may_be_transposed && matrices.transpose(1, 2).is_contiguous())
    return {matrices.transpose(1, 2), true};
  return {matrices.contiguous(), false};
}

// Not both are transposed.
at::Tensor product(const Operand& a, const Operand& b) {
  const auto rows = a.rows(), count = a.columns(), length = b.columns();
  auto result = at::empty({a.stored.size(0), rows, length}, a.stored.options());
  if (count == 0 || result.numel() == 0) return result.zero_();
  auto* to = result.mutable_data_ptr<float>();
  at::parallel_for(0, result.size(0), 1, [&](std::int64_t first, std::int64_t end) {
    for (auto task = first; task < end; ++task) {
      auto* of_task = to + task * rows * length;
      const RowWeights weights = {a.of(task), a.transposed ? 1 : count, a.transposed ? rows : 1};
      if (b.transposed)
        row_products(of_task, a.of(task), b.of(task), rows, length, count);
      else
        weighted_rows(of_task, {}, weights, b.of(task), rows, count, length);
    }
  });
  return result;
}

Operand plain(const at::Tensor& stored) { return {stored, false}; }
Operand transpose(const at::Tensor& stored) { return {stored, true}; }

struct TaskProduct : Function<TaskProduct> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& a, const at::Tensor& b, bool a_transposed,
                            bool b_transposed) {
    const at::AutoDispatchBelowADInplaceOrView in_forward;
    ctx->save_for_backward({a, b});
    ctx->saved_data["a_transposed"] = a_transposed;
    ctx->saved_data["b_transposed"] = b_transposed;
    return product({a, a_transposed}, {b, b_transposed});
  }

  static variable_list backward(AutogradContext* ctx, variable_list& gradients) {
    refuse_second_order("task_product");
    const at::AutoDispatchBelowADInplaceOrView in_reverse;
    const auto saved = ctx->get_saved_variables();
    const auto &a = saved[0], &b = saved[1];
    const bool a_transposed = ctx->saved_data["a_transposed"].toBool(),
               b_transposed = ctx->saved_data["b_transposed"].toBool();
    const auto g = gradients[0].contiguous();
    at::Tensor of_a, of_b;
    if (ctx->needs_input_grad(0)) {
      of_a = a_transposed ? product(plain(b), transpose(g)) : product(plain(g), {b, !b_transposed});
    }
    if (ctx->needs_input_grad(1)) {
      of_b = b_transposed ? product(transpose(g), plain(a)) : product({a, !a_transposed}, plain(g));
    }
    return {of_a, of_b, {}, {}};
  }
};

}  // namespace

at::Tensor task_product(const at::Tensor& a, const at::Tensor& b) {
  if (PlainArithmetic::stands()) return at::matmul(a, b);
  if (a.dim() == 4) return task_product(a.flatten(0, 1), b.flatten(0, 1)).unflatten(0, a.sizes().slice(0, 2));
  if (!has_task_kernels() || !takes_own_loops(a) || !takes_own_loops(b)) return at::bmm(a, b);
  const auto right = operand(b, true), left = operand(a, !right.transposed);
  return TaskProduct::apply(left.stored, right.stored, left.transposed, right.transposed);
}

}  // namespace warmstart
