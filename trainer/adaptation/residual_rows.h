// What the closed forms begin with: the head w and its bias as one vector m = [w, b], over the rows H = [features, 1],
// and the responses that H m + base is fitted to by weighted least squares.

#pragma once

#include "trainer/adaptation/stage.h"

namespace warmstart {

struct ResidualRows {
  // `row_noise`: whether the parameters have the rows' noise (noise.h), and the solve is to know of it.
  ResidualRows(const TaskState& state, const Support& support, bool row_noise);

  Encoding encoding;  // of the support rows
  at::Tensor rows;    // H [T, S, D + 1], 0 where padded
  at::Tensor base;    // [T, S, 1]
  at::Tensor noise;   // variances of the rows' labels beside each other [T, S, 1], 1 where padded; all 1 without noise
  at::Tensor start;   // m [T, D + 1, C]
  at::Tensor left_out;  // m for each row, made without it: [T, S, C, D + 1], or [T, 1, C, D + 1] where all are the same
};

// Newton's method on the inner loss: at given outputs it is, up to its second order, weighted least squares.
struct Responses {
  // At `outputs` [T, S, C]; `noise` as ResidualRows has it.
  Responses(const Objective& objective, const at::Tensor& outputs, const RowTensors& labels, const at::Tensor& noise);

  at::Tensor weights;  // [T, S, 1], 0 where padded
  at::Tensor values;   // [T, S, C]: what the outputs should be
};

// The head that is the columns [T, D + 1, C].
Head head_of(const at::Tensor& columns);

}  // namespace warmstart
