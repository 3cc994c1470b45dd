#pragma once

#include <ATen/core/Tensor.h>

#include "trainer/arithmetic/precision.h"

namespace warmstart {

// Products of matrices, as the precision wants them.
class Products {
 public:
  explicit Products(Precision precision) : rounds_(precision == Precision::kBfloat16) {}
  bool rounds() const { return rounds_; }

  // z = start + a b; `start` may be undefined, or one row for all.  Not recorded by autograd.
  void product_into(at::Tensor z, const at::Tensor& start, const at::Tensor& a, const at::Tensor& b) const;

  // Of each task, as LibTorch's functions of these names; differentiable (task_product).
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
