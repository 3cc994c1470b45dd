#include "trainer/arithmetic/products.h"

#include <ATen/ATen.h>

#include "trainer/arithmetic/task_product.h"

namespace warmstart {
namespace {

at::Tensor rounded(const at::Tensor& tensor) { return tensor.to(at::kBFloat16); }

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
  return rounds_ ? at::bmm(rounded(a), rounded(b)).to(a.scalar_type()) : task_product(a, b);
}

at::Tensor Products::baddbmm(const at::Tensor& z, const at::Tensor& a, const at::Tensor& b) const {
  return bmm(a, b) + z;
}

at::Tensor Products::abt(const at::Tensor& a, const at::Tensor& b) const { return bmm(a, b.transpose(1, 2)); }

at::Tensor Products::atb(const at::Tensor& a, const at::Tensor& b) const { return bmm(a.transpose(1, 2), b); }

at::Tensor& Products::add_ab(at::Tensor& z, const at::Tensor& a, const at::Tensor& b) const {
  return rounds_ ? z.add_(bmm(a, b)) : z.baddbmm_(a, b);
}

}  // namespace warmstart
