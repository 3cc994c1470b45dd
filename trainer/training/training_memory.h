#pragma once

#include "trainer/learner/learner.h"
#include "trainer/training/train_options.h"

namespace warmstart {

// Throws UsageError naming the options and both figures when this host cannot have the memory that training on the CPU
// takes at least.  Allocates nothing.
void require_training_memory(const Learner& learner, const TrainOptions& options);

}  // namespace warmstart
