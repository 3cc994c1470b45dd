#pragma once

#include <ATen/core/Tensor.h>

namespace warmstart {

// Weighted sums of rows: result [N, width], row n of which is the sum of weights[i] * rows[places[i]] for i from
// offsets[n] to the next offset, in that order.  `rows` [n, width] is differentiable, once; the gradient of each is
// added up in the order of i, too.  places, offsets: int64; weights: one a place.
at::Tensor bag_sum(const at::Tensor& rows, const at::Tensor& places, const at::Tensor& offsets,
                   const at::Tensor& weights);

}  // namespace warmstart
