#pragma once

#include <ATen/core/Tensor.h>

namespace warmstart {

// A task's own linear read-out of the features.
struct Head {
  at::Tensor w, b;  // [T, C, D], [T, 1, C]

  // features w' + base + b of features [T, R, D] and base scores [T, R, 1]: [T, R, C].
  at::Tensor outputs(const at::Tensor& features, const at::Tensor& base) const;
};

// The head that is [w, b], [T, 1, D + 1].
Head head_of_row(const at::Tensor& row);

// The head and [w, b], [T, R, D + 1], added to it, once for each of the rows.
Head with(const Head& head, const at::Tensor& added);

}  // namespace warmstart
