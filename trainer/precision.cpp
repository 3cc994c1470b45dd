#include "trainer/precision.h"

#include <ATen/ATen.h>
#include <ATen/Context.h>

namespace warmstart {
namespace {

at::Tensor rounded(const at::Tensor& tensor) { return tensor.to(at::kBFloat16); }

}  // namespace

void allow_tf32(bool allowed) { at::globalContext().setAllowTF32CuBLAS(allowed); }

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

at::Tensor& Products::baddbmm_(at::Tensor& z, const at::Tensor& a, const at::Tensor& b) const {
  return rounds_ ? z.add_(bmm(a, b)) : z.baddbmm_(a, b);
}

}  // namespace warmstart
