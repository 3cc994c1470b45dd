#pragma once

#include "trainer/training/meta_step.h"
#include "trainer/training/training_state.h"

namespace warmstart {

// Collective.  Where a run that has diverged in meta-step `state.step` goes on: its newest checkpoint from before the
// cause, one rollback further, and with the meta-steps from the cause to the divergence skipped.  No write of a
// checkpoint may be in flight.  Throws AgreedError kDiverged, with the problem, when there is no such checkpoint, or
// train.rollbacks have been made.
Checkpoint checkpoint_before(const Divergence& divergence, const TrainingState& state, const TrainOptions& options,
                             const Learner& model, Communicator& group);

}  // namespace warmstart
