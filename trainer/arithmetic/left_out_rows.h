#pragma once

#include <ATen/core/Tensor.h>

namespace warmstart {

// What weighted least squares with a pull would make of each support row, less its base score, if that row had been
// left out.  Of a task with A = H' W H + Lambda (trainer/adaptation/ridge.h):
struct LeftOutRows {
  at::Tensor rows;       // H [T, S, D], 0 where padded
  at::Tensor inverse;    // A^-1 [T, D, D]
  at::Tensor weights;    // W [T, S, 1], 0 where padded
  at::Tensor residuals;  // W (label - base) [T, S, C]
  at::Tensor precision;  // Lambda [T, D, 1]
  at::Tensor starts;     // what each row's head is pulled to [T, S, C, D], or [T, 1, C, D]
};

// (h_i' A^-1 (H' W r + Lambda M_i) - q_i r_i) / (1 - w_i q_i), q_i = h_i' A^-1 h_i: [T, S, C], 0 where padded.
//
// Of one output, in float32 on the CPU, task by task, where padded rows cost nothing and a task's bits do not depend on
// the tasks beside it; differentiable once then.  Elsewhere by LibTorch's operators.
at::Tensor left_out_rows(const LeftOutRows& of);

}  // namespace warmstart
