#include "trainer/arithmetic/products.h"

#include <ATen/ATen.h>

#include "trainer/arithmetic/task_products.h"

namespace warmstart {
namespace {

at::Tensor rounded(const at::Tensor& tensor) { return tensor.to(at::kBFloat16); }

}  // namespace

at::Tensor Products::mm(const at::Tensor& a, const at::Tensor& b) const {
  return rounds_ ? at::mm(rounded(a), rounded(b)).to(a.scalar_type()) : at::mm(a, b);
}

at::Tensor Products::bmm(const at::Tensor& a, const at::Tensor& b) const {
  return rounds_ ? at::bmm(rounded(a), rounded(b)).to(a.scalar_type()) : at::bmm(a, b);
}

at::Tensor Products::addmm(const at::Tensor& z, const at::Tensor& a, const at::Tensor& b) const {
  return rounds_ ? mm(a, b) + z : at::addmm(z, a, b);
}

at::Tensor Products::baddbmm(const at::Tensor& z, const at::Tensor& a, const at::Tensor& b) const {
  return rounds_ ? bmm(a, b) + z : at::baddbmm(z, a, b);
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
  if (rounds_) return z.add_(bmm(a, b));
  if (!suits_task_products(a, b) || !z.is_contiguous()) return z.baddbmm_(a, b);
  add_task_product_ab(z, a, b);
  return z;
}

}  // namespace warmstart
