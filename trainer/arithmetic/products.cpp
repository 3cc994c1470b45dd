#include "trainer/arithmetic/products.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include <cstdint>

#include "trainer/arithmetic/task_products.h"

namespace warmstart {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::Function;
using torch::autograd::variable_list;

at::Tensor rounded(const at::Tensor& tensor) { return tensor.to(at::kBFloat16); }

// The reverse passes run below autograd: what they do is not recorded.
void refuse_second_order() {
  TORCH_CHECK(!at::GradMode::is_enabled(), "task_product: its gradient cannot be differentiated again");
}

// A BLAS may take another way, to other bits, by how its operands lie in memory.
bool is_aligned(const at::Tensor& tensor) {
  return !tensor.is_cpu() || reinterpret_cast<std::uintptr_t>(tensor.const_data_ptr()) % 64 == 0;
}
at::Tensor aligned(const at::Tensor& tensor) { return is_aligned(tensor) ? tensor : tensor.clone(); }

// Whether a b has one row or column.
bool has_one_line(const at::Tensor& a, const at::Tensor& b) { return a.size(1) == 1 || b.size(2) == 1; }

// a b' of a [T, R, K] and one row b [T, 1, K]: [T, R, 1].
struct ColumnProduct : Function<ColumnProduct> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& a, const at::Tensor& b) {
    const at::AutoDispatchBelowADInplaceOrView in_forward;
    ctx->save_for_backward({a, b});
    return task_product_abt(a, b);
  }
  static variable_list backward(AutogradContext* ctx, variable_list& gradients) {
    refuse_second_order();
    const at::AutoDispatchBelowADInplaceOrView in_reverse;
    const auto saved = ctx->get_saved_variables();
    const auto g = gradients[0].contiguous();
    return {ctx->needs_input_grad(0) ? task_product_ab(g, saved[1]) : at::Tensor(),
            ctx->needs_input_grad(1) ? task_product_atb(g, saved[0]) : at::Tensor()};
  }
};

// a b of one row a [T, 1, K] and b [T, K, N]: [T, 1, N].
struct RowProduct : Function<RowProduct> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& a, const at::Tensor& b) {
    const at::AutoDispatchBelowADInplaceOrView in_forward;
    ctx->save_for_backward({a, b});
    return task_product_ab(a, b);
  }
  static variable_list backward(AutogradContext* ctx, variable_list& gradients) {
    refuse_second_order();
    const at::AutoDispatchBelowADInplaceOrView in_reverse;
    const auto saved = ctx->get_saved_variables();
    const auto g = gradients[0].contiguous();
    return {ctx->needs_input_grad(0) ? task_product_abt(g, saved[1]) : at::Tensor(),
            ctx->needs_input_grad(1) ? task_product_atb(saved[0], g) : at::Tensor()};
  }
};

}  // namespace

void Products::product_into(at::Tensor z, const at::Tensor& start, const at::Tensor& a, const at::Tensor& b) const {
  if (!is_aligned(z)) {
    const auto elsewhere = at::empty_like(z);
    product_into(elsewhere, start, a, b);
    z.copy_(elsewhere);
  } else if (rounds_) {
    z.copy_(at::mm(rounded(a), rounded(b)));
    if (start.defined()) z.add_(start);
  } else if (start.defined()) {
    at::addmm_out(z, start, aligned(a), aligned(b));
  } else {
    at::mm_out(z, aligned(a), aligned(b));
  }
}

at::Tensor Products::bmm(const at::Tensor& a, const at::Tensor& b) const {
  return rounds_ ? task_product(rounded(a), rounded(b)).to(a.scalar_type()) : task_product(a, b);
}

at::Tensor Products::baddbmm(const at::Tensor& z, const at::Tensor& a, const at::Tensor& b) const {
  return rounds_ || has_one_line(a, b) ? bmm(a, b) + z : at::baddbmm(z, a, b);
}

at::Tensor Products::abt(const at::Tensor& a, const at::Tensor& b) const {
  return !rounds_ && suits_task_product_abt(a, b) ? task_product_abt(a, b) : bmm(a, b.transpose(1, 2));
}

at::Tensor Products::atb(const at::Tensor& a, const at::Tensor& b) const {
  return !rounds_ && suits_task_products(a, b) ? task_product_atb(a, b) : bmm(a.transpose(1, 2), b);
}

at::Tensor Products::ab(const at::Tensor& a, const at::Tensor& b) const {
  return !rounds_ && suits_task_products(a, b) ? task_product_ab(a, b) : bmm(a, b);
}

at::Tensor& Products::add_ab(at::Tensor& z, const at::Tensor& a, const at::Tensor& b) const {
  if (rounds_ || (has_one_line(a, b) && !suits_task_products(a, b))) return z.add_(bmm(a, b));
  if (!suits_task_products(a, b) || !z.is_contiguous()) return z.baddbmm_(a, b);
  add_task_product_ab(z, a, b);
  return z;
}

at::Tensor task_product(const at::Tensor& a, const at::Tensor& b) {
  if (!has_one_line(a, b)) return at::bmm(a, b);
  const auto a_rows = a.contiguous();
  const auto b_rows = b.size(2) == 1 ? b.transpose(1, 2).contiguous() : b.contiguous();
  if (suits_task_products(a_rows, b_rows))
    return b.size(2) == 1 ? ColumnProduct::apply(a_rows, b_rows) : RowProduct::apply(a_rows, b_rows);
  return b.size(2) == 1 ? (a * b_rows).sum(2, true) : (a_rows.transpose(1, 2) * b_rows).sum(1, true);
}

}  // namespace warmstart
