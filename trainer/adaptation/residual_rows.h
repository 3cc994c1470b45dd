// What the closed forms begin with: the head w and its bias as one vector m = [w, b], over the rows H = [features, 1],
// and the responses that H m + base is fitted to by weighted least squares.

#pragma once

#include "trainer/adaptation/stage.h"

namespace warmstart {

struct ResidualRows {
  ResidualRows(const TaskState& state, const Support& support);

  Encoding encoding;    // of the support rows
  at::Tensor rows;      // H [T, S, D + 1], 0 where padded
  at::Tensor base;      // [T, S, 1]
  at::Tensor start;     // m [T, D + 1, C]
  at::Tensor left_out;  // m for each row, made without it: [T, S, C, D + 1], or [T, 1, C, D + 1] where all are the same
};

// Newton's method on the inner loss: at given outputs it is, up to its second order, weighted least squares.
struct Responses {
  // At `outputs` [T, S, C].  `noise` [T, S, 1]: variances of the rows' labels beside each other; undefined where all
  // are the same.
  Responses(const Objective& objective, const at::Tensor& outputs, const RowTensors& labels, const at::Tensor& noise);

  at::Tensor weights;  // [T, S, 1], 0 where padded
  at::Tensor values;   // [T, S, C]: what the outputs should be
};

// The noise of the support rows [T, S, 1], 1 where they are padded.
at::Tensor noise_of_rows(const Support& support, const Encoding& encoding, const BatchParameters& parameters);

// The head that is the columns [T, D + 1, C].
Head head_of(const at::Tensor& columns);

}  // namespace warmstart
