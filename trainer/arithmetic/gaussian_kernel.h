#pragma once

#include <ATen/core/Tensor.h>

namespace warmstart {

// scale exp(-|a - b|^2 / 2) of all pairs of each task's points a [T, R, P] and b [T, S, P], scale [T, 1, 1]: [T, R, S].
//
// In float32 on the CPU in one pass over the pairs, differentiable once; elsewhere by LibTorch's operators.
at::Tensor gaussian_kernel(const at::Tensor& scale, const at::Tensor& a, const at::Tensor& b);

}  // namespace warmstart
