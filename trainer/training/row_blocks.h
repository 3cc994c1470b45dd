// What all tasks of a meta-step share where only heads adapt: its distinct rows.  They are cut into as many blocks as
// there are microbatches.  A rank encodes the blocks that have its microbatches' numbers, whole, and every rank gets
// all encodings; going back, a row's gradients are added over microbatches in the fixed tree before its block goes back
// once. So what tasks share is paid once a meta-step, and no number of ranks changes a bit.

#pragma once

#include <functional>

#include "cluster/gradient_sum.h"
#include "data/batch.h"
#include "trainer/adaptation/row_encoder.h"
#include "trainer/layers/tensor_batch.h"

namespace warmstart {

class RowBlocks {
 public:
  // Collective.  `batch` holds this rank's microbatches, without features; every rank's are padded alike.  `own` of
  // `microbatches` are this rank's.  `group` and what `batch` refers to outlive it.
  RowBlocks(const Dataset& dataset, const EpisodeBatch& batch, MicrobatchRange own, int microbatches,
            Communicator& group);

  // The rows of this rank's blocks.
  const EpisodeBatch& rows() const { return rows_; }

  // Collective, as is its reverse pass, at the end of which `exchanged` is called.  From the encoding of rows() to that
  // of the batch's rows.
  Encoding exchange(const Encoding& own, const std::function<void()>& exchanged);

 private:
  struct Exchange;
  std::vector<std::int64_t> entities_of_all_ranks(const EpisodeBatch& batch, std::int64_t most_rows) const;
  at::Tensor gathered(const at::Tensor& encoded) const;
  at::Tensor gradient_of_own(const at::Tensor& of_batch_rows) const;

  Communicator& group_;
  std::int64_t slice_ = 0;  // rows that each rank's share of the encodings is padded to
  EpisodeBatch rows_;
  IdLookup lookup_;  // of the batch's rows among all ranks' slices
  std::function<void()> exchanged_;
};

}  // namespace warmstart
