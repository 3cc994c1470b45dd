#pragma once

#include <ATen/core/Tensor.h>

namespace warmstart {

// A task's own linear read-out of the features.
struct Head {
  at::Tensor w, b;  // [T, C, D], [T, 1, C]

  // features w' + base + b of features [T, R, D] and base scores [T, R, 1]: [T, R, C].
  at::Tensor outputs(const at::Tensor& features, const at::Tensor& base) const;

  // [w, b], a row for each output: [T, C, D + 1].
  at::Tensor rows() const;
};

// The head that is these rows.
Head head_of_rows(const at::Tensor& rows);

// The head and [w, b] added to it: [T, C, D + 1], or [T, 1, D + 1], which all outputs get.
Head with(const Head& head, const at::Tensor& added);

}  // namespace warmstart
