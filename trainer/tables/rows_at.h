#pragma once

#include <ATen/core/Tensor.h>

namespace warmstart {

// The first `width` numbers of rows of `table` [.., at least width], float32 in host memory, at `places` [n]: [n,
// width].
at::Tensor rows_at(const at::Tensor& table, const at::Tensor& places, std::int64_t width);

}  // namespace warmstart
