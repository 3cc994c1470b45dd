#pragma once

#include <ATen/core/Tensor.h>

namespace warmstart {

// The inverses of symmetric positive definite matrices [T, n, n], differentiable.  `counts` [T, 1] says how many
// leading rows of each matter: beyond them, where a task has been padded, a matrix is that of the identity.
//
// In float32 on the CPU by loops of our own, where a task's bits do not depend on the tasks beside it; differentiable
// once then.  A pivot below 1e-5 of the diagonal's value, which rounding may have made of either sign, counts as that,
// so that the result is finite.  Elsewhere by LibTorch's Cholesky decomposition.
at::Tensor positive_inverse(const at::Tensor& matrices, const at::Tensor& counts);

}  // namespace warmstart
