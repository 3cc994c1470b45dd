#pragma once

#include <ATen/core/Tensor.h>

namespace warmstart {

// The inverses of symmetric positive definite matrices [T, n, n], to whose diagonals `diagonals` [T, n] are added
// first; differentiable.  `counts` [T, 1] says how many leading rows and columns of each are meant: the rest, where a
// task has been padded, is not read, and the inverses are 0 there.
//
// In float32 on the CPU by loops of our own, where a task's bits do not depend on the tasks beside it; differentiable
// once then.  A pivot below 1e-5 of the diagonal's value, which rounding may have made of either sign, counts as that,
// so that the result is finite.  Elsewhere by LibTorch's Cholesky decomposition, or, where PlainArithmetic stands, by
// matrix products alone.
at::Tensor positive_inverse(const at::Tensor& matrices, const at::Tensor& diagonals, const at::Tensor& counts);

}  // namespace warmstart
