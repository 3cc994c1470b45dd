#pragma once

#include "trainer/learner/learner.h"
#include "trainer/training/train_options.h"

namespace warmstart {

// Whether a rank's microbatches are computed as one batch: where one alone has too little work to be worth calling the
// operators for.  A function of the model and the options, the same on every rank.
bool microbatches_go_together(const Learner& model, const TrainOptions& options);

}  // namespace warmstart
