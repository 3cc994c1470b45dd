#pragma once

#include <ATen/core/Tensor.h>

#include "data/batch.h"

namespace warmstart {

// Whatever can be evaluated: it sees each task's support rows and scores its query rows.
class Recommender {
 public:
  virtual ~Recommender() = default;

  // Predicted labels [T, Q], float32 in host memory; places beyond a task's last query row may hold anything.
  virtual at::Tensor predict(const EpisodeBatch& batch) const = 0;
};

}  // namespace warmstart
