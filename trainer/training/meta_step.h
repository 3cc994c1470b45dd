// One meta-step: the parameters' update by one meta-batch, unless its loss has run away.

#pragma once

#include <optional>
#include <string>

#include "trainer/optimizers/adam.h"
#include "trainer/optimizers/row_optimizer.h"
#include "trainer/training/loss_guard.h"
#include "trainer/training/meta_gradient.h"

namespace warmstart {

// A loss or a gradient that no update may be made by, the same on every rank.
struct Divergence {
  std::string problem;       // with the meta-step, the task where one is to blame, and the remedy
  std::int64_t first_cause;  // the first meta-step that may have caused it; -1: the model as the run began
};

// What a meta-step has found, the same on every rank but for the padding and the traffic.
struct StepOutcome {
  double loss = 0.0, gradient_norm = 0.0;
  double padded_share = 0.0;             // of this rank's rows
  double repeated_share = 0.0;           // of the ids that this rank looked up in sharded tables
  Traffic traffic = {};                  // of this rank
  ExitCode stop = ExitCode::kOk;         // what a signal to any rank asks for
  bool save_due = false;                 // by rank 0's clock
  std::optional<Divergence> divergence;  // if there is one, the parameters are not those to go on with
};

class MetaStep {
 public:
  // Of a run of `steps` meta-steps on the ranks of `group`; gradients are summed over `gradients`, which has the same
  // ranks.  The references must outlive this.
  MetaStep(Learner& model, const Dataset& dataset, const TrainOptions& options, std::int64_t steps, Communicator& group,
           Communicator& gradients);

  // Collective.  Takes meta-step `step`, counted from 0, whose microbatches come next from the stream.  `save_due` is
  // rank 0's to say.
  StepOutcome take(std::int64_t step, MicrobatchStream& stream, bool save_due);

  // The outer rate of a meta-step.
  double rate(std::int64_t step) const;
  const MetaGradient& gradient() const { return gradient_; }

  // Its share of a checkpoint: the parameters and tables, the optimizers' moments, recent losses, plans.
  void save(Checkpoint& checkpoint) const;
  void restore(const Checkpoint& checkpoint);

 private:
  // Whether the step moves the parameters to the mean of the tasks' own.
  bool averages(std::int64_t step) const;
  double update(std::int64_t step, const ReducedGradient& found);
  std::string refusal(const ReducedGradient& found);
  std::string task_to_blame(const ReducedGradient& found);

  Parameters& parameters_;
  ShardedTables& tables_;
  const Dataset& dataset_;
  Communicator& group_;
  const TrainOptions& options_;
  MetaGradient gradient_;
  Adam adam_;
  RowOptimizer row_optimizer_;
  LossGuard guard_;
};

}  // namespace warmstart
