#pragma once

#include "data/schema.h"
#include "trainer/learner/model_options.h"
#include "trainer/training/train_options.h"

namespace warmstart {

// How many parameters a TwoTower has.  A floating-point number: widths of 10^9 multiply to more than integers hold.
double parameter_count(const Schema& schema, const ModelOptions& options);

// Throw UsageError naming the options and both figures when this host cannot have the memory that a model or its
// training on the CPU takes at least.  They allocate nothing.
void require_model_memory(const Schema& schema, const ModelOptions& options);
void require_training_memory(const Schema& schema, const ModelOptions& model, const TrainOptions& options);

}  // namespace warmstart
