#pragma once

#include "trainer/learner/learner.h"

namespace warmstart {

// Expects the meta-gradient of a model to be that of autograd through explicit weights of each task, in double
// precision: every parameter's within 1e-9 of its largest.  The reference uses the network's forward pass alone, on one
// task at a time without padding: it forms each task's parameters, takes the inner gradients by autograd and steps.
void expect_exact_meta_gradient(const ModelOptions& options,
                                const Learner::MakeNetwork& make_network = warmstart::make_network);

// Expects the gradient by which Reptile and model averaging go to be minus what explicit inner steps change of each
// task's parameters, likewise.  For the stage `steps` with fixed rates.
void expect_exact_change(const ModelOptions& options);

}  // namespace warmstart
