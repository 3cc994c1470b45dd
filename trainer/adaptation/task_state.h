#pragma once

#include <optional>

#include "trainer/adaptation/head.h"
#include "trainer/adaptation/kernel_memory.h"
#include "trainer/adaptation/row_encoder.h"

namespace warmstart {

// What tasks have made their own so far.
struct TaskState {
  Head head;
  AdaptedLayers layers;
  std::optional<KernelMemory> kernel = std::nullopt;

  // The head of a task without support rows; undefined where no stage has made one.
  Head unadapted_head = {};

  // For each support row, what the stages would have made without it: the head (w [T, S, D], b [T, S, 1]; undefined
  // where it would be the same), and the row's outputs [T, S, C].
  Head left_out_head = {};
  at::Tensor left_out_outputs = {};

  // Of rows [T, R, ..]: [T, R, C].
  at::Tensor outputs(const RowEncoder& rows) const;
};

}  // namespace warmstart
