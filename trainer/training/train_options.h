#pragma once

#include <optional>

#include "cluster/gradient_sum.h"
#include "data/episode_source.h"
#include "trainer/arithmetic/precision.h"
#include "trainer/evaluation/evaluation_options.h"
#include "trainer/evaluation/measure.h"
#include "trainer/learner/model_options.h"
#include "trainer/optimizers/adam_options.h"
#include "trainer/optimizers/sharding_options.h"
#include "trainer/training/outer_options.h"
#include "trainer/training/save_options.h"

namespace warmstart {

struct TrainOptions {
  std::int64_t steps = 0;   // meta-steps; 0: as many as `epochs` take
  double epochs = 12;       // passes over the training tasks
  std::int64_t tasks = 64;  // per meta-step
  std::int64_t microbatches = 8;
  std::uint64_t seed = 0;
  Precision precision = Precision::kFloat32;
  Reduction reduction = Reduction::kFixedOrder;
  double bucket_megabytes = 4;  // of the gradient, summed over ranks at once; 0: all of it
  double dropout = 0.3;
  double key_dropout = 0.05;      // share of rows that are trained on as if their key were unknown
  double all_keys_dropout = 0.1;  // probability per step that all rows are trained as if their keys were unknown
  double value_dropout = 2.0;     // over how many entities have a value: the chance that a row without its key loses it
  OuterOptions outer;
  AdamOptions adam;
  ShardingOptions tables;
  EpisodeOptions episode;
  std::int64_t log_every = 20;      // steps
  std::int64_t check_every = 100;   // steps between comparisons of the ranks' parameters
  std::int64_t validate_every = 0;  // steps; 0: ten times a run
  bool keep_best = true;            // end with the parameters that did best on validation, else with the last
  std::int64_t patience = 0;        // validations without a better one before stopping; 0: never
  EvaluationOptions validation;
  std::optional<Measure> measure;  // by which validation tells what is best; none: the objective's own
  SaveOptions save;
  double loss_limit = 10;  // times the running median: a larger loss is a divergence; 0: only one that is not finite
  std::int64_t rollbacks = 3;  // divergences that are undone before giving up
  double hang_seconds = 1800;  // without progress, after which the process ends with exit code 4; 0: never
};

// The sections train, but for the folder, the threads and the devices of a run, tables, validate and episode.
void declare(Options& add, TrainOptions& options);

// Throws UsageError when a run with these options cannot start on so many ranks.
void check(const TrainOptions& options, int ranks);

// Throws UsageError when a model cannot be trained as `outer` says.
void check(const OuterOptions& outer, double epochs, const ModelOptions& model);

// Throws UsageError when what is drawn as negatives does not reach the model, or means something else to it.
void check_negatives(const TrainOptions& options, const ObjectiveOptions& objective);

// By which validation tells which parameters are best.  Throws UsageError for one that judges labels where the
// objective ranks() rows.
Measure measure_of_validation(const TrainOptions& options, ObjectiveKind objective);

// The meta-steps that a run takes.
std::int64_t total_steps(const TrainOptions& options, const EpisodeSource& source);

}  // namespace warmstart
