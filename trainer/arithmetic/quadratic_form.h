#pragma once

#include <ATen/core/Tensor.h>

namespace warmstart {

// x' M x of each row x of `rows` [T, R, D] with its task's symmetric matrix M [T, D, D]: [T, R, 1].
//
// In float32 on the CPU task by task, where a task's bits do not depend on the tasks beside it; differentiable once
// then.  Elsewhere by LibTorch's operators.
at::Tensor quadratic_form(const at::Tensor& rows, const at::Tensor& matrices);

}  // namespace warmstart
