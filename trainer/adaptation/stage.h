#pragma once

#include "trainer/adaptation/head.h"
#include "trainer/adaptation/row_encoder.h"
#include "trainer/objectives/objective.h"

namespace warmstart {

// What tasks have made their own so far.
struct TaskState {
  Head head;
  AdaptedLayers layers;
};

// What a stage sees of the tasks of a microbatch.
struct Support {
  const RowEncoder& rows;
  const RowTensors& labels;            // [T, S]
  const at::Tensor& row_counts;        // [T, 1]
  const FeatureTensors& descriptions;  // of the tasks themselves
  const Dropout* dropout;              // null outside of training
  const Objective& objective;
};

// A step on the way from the support to the task's state.
class Stage {
 public:
  virtual ~Stage() = default;

  // Made of differentiable operators alone.
  virtual void apply(TaskState& state, const Support& support) const = 0;
};

}  // namespace warmstart
