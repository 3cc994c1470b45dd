#pragma once

#include <ATen/core/Tensor.h>

namespace warmstart {

// a b of each task, a [T, R, K] and b [T, K, N]: [T, R, N]; or of each task and field, [T, F, ..].  By the task kernels
// in float32 on the CPU, where a task's bits do not depend on the tasks beside it, as LibTorch's do by where a task's
// matrices begin; differentiable once then. Elsewhere by at::bmm, or, where PlainArithmetic stands, by at::matmul, to
// which T may be 1 in one of them.
at::Tensor task_product(const at::Tensor& a, const at::Tensor& b);

}  // namespace warmstart
