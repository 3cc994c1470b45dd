#pragma once

#include "cluster/communicator.h"

namespace warmstart {

// Collective.  Throws AgreedError on every rank, naming the ranks that differ
// from rank 0, unless `parameters` (contiguous) has the same bits everywhere.
void check_same_on_all_ranks(const at::Tensor& parameters, Communicator& group);

}  // namespace warmstart
