#pragma once

#include "trainer/adaptation/row_encoder.h"

namespace warmstart {

// What a task keeps of its support rows where a kernel compares rows, each by its features with 1 behind them and by a
// point: they add weighted kernels to the outputs.
struct KernelMemory {
  at::Tensor points;       // [T, S, P]
  at::Tensor scale;        // s [T, 1, 1]
  at::Tensor scaled_rows;  // H Lambda^-1 [T, S, D + 1]
  at::Tensor variance;     // Lambda^-1 [T, D + 1, 1]
  at::Tensor inverse;      // (K + V)^-1 [T, S, S]; 0 where rows are padded
  at::Tensor residuals;    // [T, S, C]
  at::Tensor weights;      // (K + V)^-1 residuals [T, S, C]
  at::Tensor responses;    // label - base [T, S, 1], 0 where padded; where the memory is to be updated

  // The Gaussian kernel of rows at points [T, R, P] with the support rows: [T, R, S].
  at::Tensor similarity(const at::Tensor& of_rows) const;

  // Joins one support row: h [T, 1, D + 1] at `point` [T, 1, P] with its response and its noise [T, 1, 1]; `is_row`
  // [T, 1, 1] is 0 where it is padding.  The inverse grows by bordering.  Residuals and weights are left as they were.
  void add_row(const at::Tensor& h, const at::Tensor& point, const at::Tensor& response, const at::Tensor& noise,
               const at::Tensor& is_row);

  // Of rows H [T, R, D + 1] with this similarity, in units of the noise's variance: [T, R, 1].
  at::Tensor output_variance(const at::Tensor& rows, const at::Tensor& similarity) const;
};

// A memory of no rows, with what all tasks share of one; broadcasts to however many tasks.
KernelMemory kernel_of_parameters(const BatchParameters& parameters);

// The points by which a kernel compares rows: the part kKernelPoints, times the learned factor.
constexpr const char* kKernelPoints = "kernel.points";
at::Tensor kernel_points(const RowEncoder& rows, const Encoding& encoding, const BatchParameters& parameters);

}  // namespace warmstart
