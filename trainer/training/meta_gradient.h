// The gradient of a meta-step: of the mean query loss over its tasks, wherever they run.

#pragma once

#include <ATen/core/Tensor.h>

#include "base/errors.h"
#include "trainer/layers/planner.h"
#include "trainer/learner/learner.h"
#include "trainer/tables/table_step.h"
#include "trainer/training/gradient_buckets.h"
#include "trainer/training/microbatch_stream.h"
#include "trainer/training/schedule.h"
#include "trainer/training/train_options.h"

namespace warmstart {

// What all ranks have found together, except where it says this rank's.
struct ReducedGradient {
  at::Tensor gradient;                // [P]
  TableStep::Reduced rows = {};       // of sharded tables, those that this rank holds
  double rows_norm = 0.0;             // of all ranks'
  double loss = 0.0;                  // mean over the tasks
  ExitCode stop = ExitCode::kOk;      // what a signal to any rank asks for
  bool save_due = false;              // by rank 0's clock
  double padded_share = 0.0;          // of this rank's rows
  Traffic traffic;                    // of this rank
  std::int64_t not_finite_task = -1;  // the first of this rank's tasks whose loss is not finite; -1: there is none
};

class MetaGradient {
 public:
  // Of a run of `steps` meta-steps on the ranks of `group`.  Gradients are summed over `gradients`, which has the same
  // ranks; rows of sharded tables travel over `group`.  All arguments must outlive this.
  MetaGradient(Learner& model, const Dataset& dataset, const TrainOptions& options, std::int64_t steps,
               Communicator& group, Communicator& gradients);

  // Collective.  Of meta-step `step`, whose microbatches come next from the stream.  `save_due` is rank 0's to say.
  ReducedGradient of_step(std::int64_t step, MicrobatchStream& stream, bool save_due);

  // How meta-step `step` trains.
  Part part_of(std::int64_t step) const { return schedule_.part_of(step, steps_); }

  // How layers adapted in this rank's microbatches so far.
  PlanTally& plans() { return plans_; }
  const PlanTally& plans() const { return plans_; }

  double wait_seconds() const { return buckets_.unhidden_seconds(); }  // of sums over ranks, after the reverse pass
  double hidden_seconds() const { return buckets_.summed_seconds() - buckets_.unhidden_seconds(); }

 private:
  // Collective.
  ReducedGradient reduced(std::int64_t step, MicrobatchStream& stream, bool save_due);
  Traffic traffic() const;  // so far
  at::Tensor add(const EpisodeBatch& batch, std::int64_t step, int microbatch, std::size_t part, bool last,
                 bool save_due);
  at::Tensor add_with_shared_rows(const EpisodeBatch& batch, std::int64_t step, MicrobatchRange own, bool save_due);
  Dropout dropout(std::int64_t step, int microbatch) const;
  at::Tensor losses(const BatchParameters& parameters, const TensorBatch& batch, std::int64_t step,
                    const Dropout& dropout, const Encoding* rows);
  // The support rows by which tasks count, [T]; undefined where each counts as much as any other.
  at::Tensor counted_rows(const TensorBatch& batch, std::int64_t step) const;
  void add(const at::Tensor& losses, const BatchParameters& parameters, const at::Tensor& rows, bool last,
           bool save_due, bool held, std::size_t part);
  // Collective.
  void fetch_rows(std::vector<BatchLookups> lookups);
  FetchedRows fetched_rows(std::size_t part) const;
  void read_total(ReducedGradient& found);
  void reduce_rows(ReducedGradient& found, double scale);

  Learner& model_;
  const Dataset& dataset_;
  const TrainOptions& options_;
  Schedule schedule_;
  LostValues lost_values_;
  std::int64_t steps_;
  Communicator &group_, &gradients_;
  std::optional<TableStep> table_step_;  // where there are sharded tables
  GradientBuckets buckets_;
  PlanTally plans_;
};

}  // namespace warmstart
