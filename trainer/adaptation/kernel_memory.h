#pragma once

#include <ATen/core/Tensor.h>

#include "trainer/layers/batch_parameters.h"

namespace warmstart {

// What a task keeps of its support rows where a kernel compares rows: they add weighted kernels to the outputs.
struct KernelMemory {
  at::Tensor points;   // [T, S, P]
  at::Tensor weights;  // [T, S, 1]
  at::Tensor scale;    // [T, 1, 1]

  // Of rows with inputs [T, R, E]: [T, R, 1].
  at::Tensor outputs(const BatchParameters& parameters, const at::Tensor& inputs) const;
};

// The points by which a kernel compares rows with inputs [T, R, E]: [T, R, P].
at::Tensor kernel_points(const BatchParameters& parameters, const at::Tensor& inputs);

// scale exp(-|a - b|^2 / 2) of all pairs of points a [T, R, P] and b [T, S, P]: [T, R, S].
at::Tensor gaussian_kernel(const at::Tensor& scale, const at::Tensor& a, const at::Tensor& b);

}  // namespace warmstart
