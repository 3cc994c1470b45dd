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

  // LibTorch's functions of these names; differentiable.  A task's bits do not depend on the tasks beside it.
  at::Tensor bmm(const at::Tensor& a, const at::Tensor& b) const;
  at::Tensor baddbmm(const at::Tensor& z, const at::Tensor& a, const at::Tensor& b) const;

  // Per-task products: a b', a' b, a b, and z += a b.  Not recorded by autograd.
  at::Tensor abt(const at::Tensor& a, const at::Tensor& b) const;
  at::Tensor atb(const at::Tensor& a, const at::Tensor& b) const;
  at::Tensor ab(const at::Tensor& a, const at::Tensor& b) const;
  at::Tensor& add_ab(at::Tensor& z, const at::Tensor& a, const at::Tensor& b) const;

 private:
  bool rounds_;
};

// at::bmm, but a task's bits do not depend on the tasks beside it: LibTorch's own takes another way for results of one
// row or column.  Those are differentiable once in float32 on the CPU.
at::Tensor task_product(const at::Tensor& a, const at::Tensor& b);

}  // namespace warmstart
