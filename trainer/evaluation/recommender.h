#pragma once

#include <ATen/core/Tensor.h>

#include "data/batch.h"

namespace warmstart {

// Contiguous float32 in host memory; places beyond a task's last query row may hold anything.
struct Predictions {
  at::Tensor labels;  // [T, Q]

  // The distribution of each label, Student's t, by a recommender that tells it; else undefined.
  at::Tensor centres = {}, scales = {};  // [T, Q]
  at::Tensor freedom = {};               // degrees of it [T]
};

// Whatever can be evaluated: it sees each task's support rows and scores its query rows.
class Recommender {
 public:
  virtual ~Recommender() = default;

  virtual Predictions predict(const EpisodeBatch& batch) const = 0;

  // Whether its predictions depend on the order of support rows, which then is that of time.
  virtual bool reads_order() const { return false; }

  // Whether it tells how far labels may be off.
  virtual bool tells_distributions() const { return false; }
};

}  // namespace warmstart
