#pragma once

#include "trainer/adaptation/row_encoder.h"

namespace warmstart {

// What a task keeps of its support rows where a kernel compares rows: they add weighted kernels to the outputs.
struct KernelMemory {
  at::Tensor points;   // [T, S, P]
  at::Tensor weights;  // [T, S, 1]
  at::Tensor scale;    // [T, 1, 1]

  // Of rows at points [T, R, P]: [T, R, 1].
  at::Tensor outputs(const at::Tensor& of_rows) const;
};

// The points by which a kernel compares rows: the part kKernelPoints, times the learned factor.
constexpr const char* kKernelPoints = "kernel.points";
at::Tensor kernel_points(const RowEncoder& rows, const Encoding& encoding, const BatchParameters& parameters);

}  // namespace warmstart
