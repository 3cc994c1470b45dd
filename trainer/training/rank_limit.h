#pragma once

#include "trainer/learner/learner.h"
#include "trainer/training/train_options.h"

namespace warmstart {

// The ranks that a run can have at most: as many as microbatches, and with sharded tables as virtual shards.
std::int64_t most_ranks(const Learner& model, const TrainOptions& options);

// Throws UsageError where the model has sharded tables and there are more ranks than virtual shards.
void require_shards(const Learner& model, std::int64_t ranks);

}  // namespace warmstart
