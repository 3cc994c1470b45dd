#pragma once

#include <ATen/core/Tensor.h>

namespace warmstart {

// Minus the logarithm of Student's t density at `errors` [T, R] around its centre, in nats: squared scales [T, R] and
// degrees of freedom [T, 1], both above 0.
//
// In float32 on the CPU element by element, where a task's bits do not depend on the tasks beside it; differentiable
// once then.  Elsewhere by LibTorch's operators.
at::Tensor student_t_losses(const at::Tensor& errors, const at::Tensor& squared_scales, const at::Tensor& freedom);

}  // namespace warmstart
