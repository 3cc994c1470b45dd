#pragma once

#include <filesystem>
#include <functional>

#include "cluster/communicator.h"
#include "data/prefetch.h"
#include "data/sampler.h"
#include "trainer/adam.h"
#include "trainer/evaluation.h"
#include "trainer/two_tower.h"

namespace warmstart {

struct TrainOptions {
  std::int64_t steps = 0;   // meta-steps; 0: as many as `epochs` take
  double epochs = 12;       // passes over the training tasks
  std::int64_t tasks = 64;  // per meta-step
  std::int64_t microbatches = 8;
  std::uint64_t seed = 0;
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
};

// The state of a run, at log steps.  Times are this rank's shares since the last one.
struct TrainProgress {
  std::int64_t step, steps;
  double loss, gradient_norm, rate, tasks_per_second, seconds_left;
  double data_wait_share, reduce_share, padded_share;
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
};

// Meta-trains `model` in place on the training tasks, watching the validation tasks.  All ranks end with the same bits.  Stops early, with
// what it has, when a rank gets a stop signal. Collective.  Throws AgreedError: kUsage when there are more ranks than microbatches,
// kDiverged naming the step and the task when a loss is not finite.
TrainOutcome train(TwoTower& model, const Dataset& dataset, const TrainOptions& options, Communicator& group,
                   const TrainObserver& observer);

// The meta-steps that a run takes.
std::int64_t total_steps(const TrainOptions& options, const Sampler& sampler);

// Sets where scores start: the bias model's fit (squared loss) or the mean's log-odds
// (binary).  Collective: rank 0 reads the rows.
void start_from_data(TwoTower& model, const Dataset& dataset, Communicator& group);

}  // namespace warmstart
