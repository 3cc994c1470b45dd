#pragma once

#include "trainer/learner/model_options.h"

namespace warmstart {

// Expects a model with random parameters to have in float32 the losses that it has in double precision, within 1e-4,
// and their gradients, each within 2e-3 of its largest.
void expect_same_in_float32(const ModelOptions& options);

}  // namespace warmstart
