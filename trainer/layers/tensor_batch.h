#pragma once

#include <ATen/core/Tensor.h>

#include "data/batch.h"

namespace warmstart {

struct FeatureTensors {
  at::Tensor ids, offsets;  // int64
  at::Tensor weights;       // one an id
  at::Tensor dense;         // [N, F]
};

struct RowTensors {
  at::Tensor place;        // int64 [T, R], rows of the features
  at::Tensor label, mask;  // [T, R]
};

// An EpisodeBatch as tensors of the dtype and on the device of `options`.  On the CPU they share its memory where
// they can: the batch must outlive them.
struct TensorBatch {
  TensorBatch(const EpisodeBatch& batch, const at::TensorOptions& options);

  std::int64_t tasks;
  at::Tensor key;  // int64 [N], 0 if unknown
  FeatureTensors rows, descriptions;
  RowTensors support, query;
};

}  // namespace warmstart
