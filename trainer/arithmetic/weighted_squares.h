#pragma once

#include <ATen/core/Tensor.h>

namespace warmstart {

// H' W H of each task: rows H [T, S, D], 0 where padded, and their weights W [T, S, 1], 0 there, too: [T, D, D].
//
// In float32 on the CPU task by task, where padded rows cost nothing and a task's bits do not depend on the tasks
// beside it; differentiable once then.  Elsewhere by LibTorch's operators.
at::Tensor weighted_squares(const at::Tensor& rows, const at::Tensor& weights);

}  // namespace warmstart
