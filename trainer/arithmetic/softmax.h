// Shares of a sum of exponentials along the last dimension, element by element (by_element.h).

#pragma once

#include <ATen/core/Tensor.h>

namespace warmstart {

// e^x_i / sum_j e^x_j.
at::Tensor softmax(const at::Tensor& x);

// Of those x alone where `is_there`, which broadcasts to x, is 1; 0 where it is 0, and everywhere where it is 1
// nowhere.
at::Tensor softmax_where(const at::Tensor& x, const at::Tensor& is_there);

// The same with a 0 beside them, whose share is not given.
at::Tensor softmax_beside_zero(const at::Tensor& x, const at::Tensor& is_there);

}  // namespace warmstart
