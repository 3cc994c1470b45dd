// A run between two meta-steps: all that decides how it goes on, and so what its checkpoints hold.

#pragma once

#include <set>

#include "trainer/tables/checkpoint_tables.h"
#include "trainer/training/meta_step.h"
#include "trainer/training/validation_watch.h"

namespace warmstart {

struct TrainingState {
  // A run of `steps` meta-steps, from the checkpoint or else from the model as it is.  `gradients` has the ranks of
  // `group`; all but the checkpoint must outlive this.
  TrainingState(Learner& model, const Dataset& dataset, const TrainOptions& options, std::int64_t steps,
                Communicator& group, Communicator& gradients, const std::optional<Checkpoint>& start);

  // Equal on every rank: validations are.
  bool finished() const { return step >= steps || validation.patience_is_over(); }

  // Without a description.  Not collective.
  // As a delta to the run's full checkpoint of step `base`, where there is one.
  Checkpoint snapshot(std::optional<std::int64_t> base) const;
  void restore(const Checkpoint& checkpoint);

  std::int64_t steps;
  std::int64_t step = 0;  // meta-steps done
  MetaStep meta_step;
  ValidationWatch validation;
  std::set<std::int64_t> skipped;  // meta-steps left out after divergences
  std::int64_t rollbacks = 0;
};

// Throws DataError unless train() can go on from such a checkpoint with a model of these parameters and tables.
void check_continues(const Manifest& manifest, const Parameters& parameters, const ShardedTables& tables);

// The parameters that a run has to show so far, without sharded tables: the best on validation where it keeps them,
// else the last.
NamedTensors trained_parameters(const Checkpoint& checkpoint);

}  // namespace warmstart
