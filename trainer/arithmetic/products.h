#pragma once

#include <ATen/core/Tensor.h>

#include "trainer/arithmetic/precision.h"

namespace warmstart {

// Products of matrices, as the precision wants them.
class Products {
 public:
  explicit Products(Precision precision) : rounds_(precision == Precision::kBfloat16) {}
  bool rounds() const { return rounds_; }

  // LibTorch's functions of these names; differentiable.
  at::Tensor mm(const at::Tensor& a, const at::Tensor& b) const;
  at::Tensor addmm(const at::Tensor& z, const at::Tensor& a, const at::Tensor& b) const;
  at::Tensor bmm(const at::Tensor& a, const at::Tensor& b) const;
  at::Tensor baddbmm(const at::Tensor& z, const at::Tensor& a, const at::Tensor& b) const;

  // Per-task products: a b', a' b, and z += a b.
  at::Tensor abt(const at::Tensor& a, const at::Tensor& b) const;
  at::Tensor atb(const at::Tensor& a, const at::Tensor& b) const;
  at::Tensor& add_ab(at::Tensor& z, const at::Tensor& a, const at::Tensor& b) const;

 private:
  bool rounds_;
};

}  // namespace warmstart
