#pragma once

#include <ATen/core/Tensor.h>

namespace warmstart {

// LibTorch computes most elements of such a function several at a time, and the last ones by another formula: an
// element's bits depend on how many stand before it.  These compute float32 on the CPU element by element, so that a
// task's bits do not depend on the tasks beside it.  Differentiable, in float32 once.

at::Tensor sigmoid_by_element(const at::Tensor& x);   // 1 / (1 + e^-x)
at::Tensor softplus_by_element(const at::Tensor& x);  // log(1 + e^x)
at::Tensor exp_by_element(const at::Tensor& x);
at::Tensor log_by_element(const at::Tensor& x);
at::Tensor tanh_by_element(const at::Tensor& x);

}  // namespace warmstart
