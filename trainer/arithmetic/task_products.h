// Products of a task's own few rows, batch by batch, on the CPU: too small for a BLAS to be at its best, which packs
// each matrix first.  float32; autograd does not see them.

#pragma once

#include <ATen/core/Tensor.h>

namespace warmstart {

// Whether the functions below take these, contiguous float32 [T, .., ..] on the CPU, and are the faster ones: for a b',
// up to 1024 products of rows.
bool suits_task_products(const at::Tensor& a, const at::Tensor& b);
bool suits_task_product_abt(const at::Tensor& a, const at::Tensor& b);

// a b' [T, R, M] of a [T, R, K], b [T, M, K].
at::Tensor task_product_abt(const at::Tensor& a, const at::Tensor& b);

// a b [T, R, N] of a [T, R, M], b [T, M, N]; or added to `sum`.
at::Tensor task_product_ab(const at::Tensor& a, const at::Tensor& b);
void add_task_product_ab(at::Tensor& sum, const at::Tensor& a, const at::Tensor& b);

// a' b [T, R, N] of a [T, M, R], b [T, M, N].
at::Tensor task_product_atb(const at::Tensor& a, const at::Tensor& b);

}  // namespace warmstart
