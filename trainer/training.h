#pragma once

#include <filesystem>
#include <functional>

#include "cluster/communicator.h"
#include "cluster/gradient_sum.h"
#include "data/prefetch.h"
#include "data/sampler.h"
#include "trainer/adam.h"
#include "trainer/evaluation.h"
#include "trainer/run_saver.h"
#include "trainer/two_tower.h"

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
  double all_keys_dropout = 0.1;  // share of steps in which all rows are
  AdamOptions adam;
  EpisodeOptions episode;
  std::int64_t log_every = 20;      // steps
  std::int64_t check_every = 100;   // steps between comparisons of the ranks' parameters
  std::int64_t validate_every = 0;  // steps; 0: ten times a run
  bool keep_best = true;            // end with the parameters that did best on validation, else with the last
  std::int64_t patience = 0;        // validations without a better one before stopping; 0: never
  EvaluationOptions validation;
  SaveOptions save;
  double loss_limit = 10;      // times the running median: a larger loss is a divergence; 0: only one that is not finite
  std::int64_t rollbacks = 3;  // divergences that are undone before giving up
  double hang_seconds = 1800;  // without progress, after which the process ends with exit code 4; 0: never
};

// The state of a run, at log steps.  Times are this rank's shares since the last one.
struct TrainProgress {
  std::int64_t step, steps;
  double loss, gradient_norm, rate, tasks_per_second, seconds_left;
  double data_wait_share;
  double reduce_share, hidden_reduce_share;  // of sums over ranks: waiting for them, and while the reverse pass went on
  double padded_share;
};

struct Rollback {
  std::int64_t to_step;
  std::string reason;
};

struct TrainOutcome {
  std::int64_t steps_done = 0, best_step = 0;
  double best_error = 0.0;        // on validation
  ExitCode stop = ExitCode::kOk;  // why it ended early, if it did
  bool same_bits = true;          // whether other world sizes give the same bits
  std::string digest;             // of the parameters
};

struct TrainObserver {
  std::function<void(const TrainProgress&)> progress;
  std::function<void(std::int64_t step, double error)> validated;
  std::function<void(const WrittenCheckpoint&)> saved;  // or not, as it says
  std::function<void(const Rollback&)> rolled_back;
};

// Where a run starts and what its checkpoints say of it.
struct TrainStart {
  std::optional<Checkpoint> checkpoint;  // none: from the model as it is
  nlohmann::json description;            // goes into every checkpoint
  Communicator* gradients = nullptr;     // the same ranks by a faster way for gradients; null: there is none
};

// Meta-trains `model` in place on the training tasks, watching the validation tasks.  All ranks end with the same bits,
// and so does a run that was ended at any moment and started again from one of its checkpoints.  Stops early, with
// what it has saved, when a rank gets a stop signal.  A loss that runs away takes the run back to its last checkpoint;
// the meta-batches that did it are skipped.  Collective.  Throws AgreedError: kUsage when there are more ranks than microbatches,
// kDiverged naming the step and the task when there is nothing to go back to, or too often; kEnvironment when the last
// checkpoint (with save.strict: any) cannot be written.
TrainOutcome train(TwoTower& model, const Dataset& dataset, const TrainOptions& options, Communicator& group, const TrainObserver& observer,
                   TrainStart start = {});

// The parameters that a run has to show so far: the best on validation where it keeps them, else the last.
NamedTensors trained_parameters(const Checkpoint& checkpoint);

// Throws UsageError when a run with these options cannot start on so many ranks.
void check(const TrainOptions& options, int ranks);

// The meta-steps that a run takes.
std::int64_t total_steps(const TrainOptions& options, const Sampler& sampler);

// Sets where scores start: the bias model's fit (squared loss) or the mean's log-odds
// (binary).  Collective: rank 0 reads the rows.
void start_from_data(TwoTower& model, const Dataset& dataset, Communicator& group);

}  // namespace warmstart
