#include "trainer/arithmetic/products.h"

#include <ATen/ATen.h>

#include "trainer/arithmetic/task_products.h"

namespace warmstart {
namespace {

at::Tensor rounded(const at::Tensor& tensor) { return tensor.to(at::kBFloat16); }

// Whether a b has one row or column.
bool has_one_line(const at::Tensor& a, const at::Tensor& b) { return a.size(1) == 1 || b.size(2) == 1; }

}  // namespace

void Products::product_into(at::Tensor z, const at::Tensor& start, const at::Tensor& a, const at::Tensor& b) const {
  if (rounds_) {
    z.copy_(at::mm(rounded(a), rounded(b)));
    if (start.defined()) z.add_(start);
  } else if (start.defined()) {
    at::addmm_out(z, start, a, b);
  } else {
    at::mm_out(z, a, b);
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
  if (b.size(2) == 1) return (a * b.transpose(1, 2)).sum(2, true);
  if (a.size(1) == 1) return (a.transpose(1, 2) * b).sum(1, true);
  return at::bmm(a, b);
}

}  // namespace warmstart
