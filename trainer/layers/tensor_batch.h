#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "data/batch.h"
#include "trainer/arithmetic/microbatches.h"

namespace warmstart {

// A Lookup as tensors.
struct IdLookup {
  at::Tensor ids, places;            // int64
  std::vector<std::int64_t> firsts;  // [microbatches + 1] where each microbatch's ids begin
  at::Tensor all, in_all;            // int64
};

struct FeatureTensors {
  IdLookup lookup;
  at::Tensor offsets;  // int64 [N]
  at::Tensor weights;  // one an id
  at::Tensor dense;    // [N, F]
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
  Microbatches microbatches;
  at::Tensor key;  // int64 [N], 0 if unknown
  IdLookup key_lookup;
  FeatureTensors rows, descriptions;
  RowTensors support, query;
};

}  // namespace warmstart
