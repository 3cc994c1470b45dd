#pragma once

#include <ATen/core/Tensor.h>

#include <string>

namespace warmstart {

// The first `width` numbers of rows of `table` [.., at least width], float32 in host memory, at `places` [n]: [n,
// width].
at::Tensor rows_at(const at::Tensor& table, const at::Tensor& places, std::int64_t width);

// Of rows [n, width] that belong to the numbers `known` [n], int64 and ascending, those of `wanted` [m].  Throws
// std::logic_error naming `table` for a number that is not among them.
at::Tensor rows_of(const at::Tensor& known, const at::Tensor& rows, const at::Tensor& wanted, const std::string& table);

}  // namespace warmstart
