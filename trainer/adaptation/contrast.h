#pragma once

#include "trainer/adaptation/adapt_options.h"
#include "trainer/layers/tensor_batch.h"

namespace warmstart {

// Each task's mean over its pairs of a query and a support row, at `distances` [T, Q, S], of what the pair costs: its
// distance where both are of a kind, max(0, margin - distance) where they are not (the contrastive loss of Hadsell et
// al. 2006, without squares): [T], 0 where there is no pair.  Rows are of a kind whose labels differ by at most
// options.alike.
at::Tensor contrastive_losses(const ContrastOptions& options, const at::Tensor& distances, const RowTensors& query,
                              const RowTensors& support);

}  // namespace warmstart
