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

// As tensors of the device of `options`; on the CPU they share its memory: the lookup must outlive them.
IdLookup id_lookup(const Lookup& lookup, const at::TensorOptions& options);

// Weighted ids of each row: of a batch's distinct rows one list after the other, or of a request's rows equally many
// each.
struct IdBags {
  IdLookup lookup;
  at::Tensor offsets;      // int64 [N]: where each row begins; undefined means one id a row
  at::Tensor weights;      // one an id; of a request [.., I], 0 where an id is unknown or padded
  at::Tensor padded = {};  // of a request, int64 [.., I]: ids within the table; there is no lookup then

  bool is_empty() const { return padded.defined() ? padded.size(-1) == 0 : weights.numel() == 0; }
};

struct FeatureTensors {
  IdBags ids;
  at::Tensor dense;  // [N, F]; of a request [.., F]
};

struct RowTensors {
  at::Tensor place;        // int64 [T, R], rows of the features
  at::Tensor label, mask;  // [T, R]
};

// RowGroups as tensors: int64; `group` is undefined where it is not known.
struct RowGroupTensors {
  std::vector<std::int64_t> firsts;
  at::Tensor row, group;
};

// What a served model is asked: each task's support rows [T, S], with their labels, and query rows [T, Q].  Whole rows
// may be padding; support rows behind the mask are.
struct Request {
  FeatureTensors support, query, descriptions;
  RowTensors support_labels;  // without places
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
  RowGroupTensors by_entity, by_user;  // of rows
  RowTensors support, query;
};

}  // namespace warmstart
