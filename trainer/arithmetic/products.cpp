#include "trainer/arithmetic/products.h"

#include <ATen/ATen.h>

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

at::Tensor Products::abt(const at::Tensor& a, const at::Tensor& b) const { return bmm(a, b.transpose(1, 2)); }

at::Tensor Products::atb(const at::Tensor& a, const at::Tensor& b) const { return bmm(a.transpose(1, 2), b); }

at::Tensor& Products::add_ab(at::Tensor& z, const at::Tensor& a, const at::Tensor& b) const {
  return rounds_ ? z.add_(bmm(a, b)) : z.baddbmm_(a, b);
}

}  // namespace warmstart
