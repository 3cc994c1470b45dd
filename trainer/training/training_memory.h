#pragma once

#include <functional>

#include "trainer/learner/learner.h"
#include "trainer/training/train_options.h"

namespace warmstart {

// The bytes that training on the CPU takes at least, of the rank that holds the most.  What cannot be told before a run
// is left out: the rows of a step, what a pass keeps for the way back, libraries.
struct RankMemory {
  double parameters = 0.0;   // that all ranks hold
  double optimizer = 0.0;    // their gradient and its two moments
  double tables = 0.0;       // the rank's rows of sharded tables
  double beside_rows = 0.0;  // what the optimizer keeps beside these rows
  double best = 0.0;         // of parameters and rows, those that did best on validation
  double checkpoint = 0.0;   // the copy that is being written
  double plan = 0.0;         // of a meta-step: which tasks
  double activations = 0.0;  // of a microbatch
  double total() const;
};

// On so many ranks; `keeps_best`: there are validation tasks, and train.keep-best.  Allocates nothing; a learner
// without values will do.
RankMemory training_memory(const Learner& model, const TrainOptions& options, bool keeps_best, int ranks);

// What a checkpoint takes of the disk.
double checkpoint_bytes(const Learner& model, const TrainOptions& options, bool keeps_best);

// What a delta of sharded tables that do not grow takes, with so many rows of the tables with ids of each kind; with
// best values, where they are newer than the full checkpoint.
double delta_bytes(const Learner& model, const TrainOptions& options, bool keeps_best,
                   const std::function<double(IdsOf)>& changed_rows);

struct RanksOfHost {
  int ranks = 1;  // of the run
  int here = 1;   // on this host
};

// Throws UsageError naming the options and both figures when this host cannot have the memory that its ranks take.
void require_training_memory(const Learner& model, const TrainOptions& options, bool keeps_best = false,
                             RanksOfHost ranks = {});

// What is free on the disk that a run's folder is on, or would be; infinite where nobody can tell.
double free_disk_bytes(const std::filesystem::path& run);

// Throws UsageError with both figures where the run's disk has no room for a checkpoint of sharded tables.
void require_disk_of_tables(const Learner& model, const TrainOptions& options, bool keeps_best);

}  // namespace warmstart
