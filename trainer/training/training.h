// The meta-training of a model: what it is given, what it tells while it runs, and how it ended.

#pragma once

#include <functional>
#include <optional>
#include <string>

#include "cluster/communicator.h"
#include "trainer/training/progress_window.h"
#include "trainer/training/run_saver.h"
#include "trainer/training/start_from_data.h"
#include "trainer/training/train_options.h"
#include "trainer/training/training_state.h"

namespace warmstart {

struct Rollback {
  std::int64_t to_step;
  std::string reason;
};

struct TrainOutcome {
  std::int64_t steps_done = 0, best_step = 0;
  std::int64_t validation_tasks = 0;
  Measure measure;                // of validation
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
  std::function<void(const std::string&)> warned;  // of what a user should know of a run that goes on
};

// Where a run starts and what its checkpoints say of it.
struct TrainStart {
  std::optional<Checkpoint> checkpoint;  // none: from the model as it is
  bool in_run = false;  // whether that checkpoint lies in the run's own folder, so need not be written again
  nlohmann::json description = nlohmann::json::object();  // goes into every checkpoint
  Communicator* gradients = nullptr;  // the same ranks by a faster way for gradients; null: there is none
};

// Meta-trains `model` in place on the training tasks, watching the validation tasks.  All ranks end with the same bits,
// and so does a run that was ended at any moment and started again from one of its checkpoints.  Stops early, with
// what it has saved, when a rank gets a stop signal.  A loss that runs away takes the run back to its last checkpoint;
// the meta-batches that did it are skipped.  Collective.  Throws AgreedError: kUsage when there are more ranks than
// microbatches, kDiverged naming the step and the task when there is nothing to go back to, or too often; kEnvironment
// when the last checkpoint (with save.strict: any) cannot be written.
TrainOutcome train(Learner& model, const Dataset& dataset, const TrainOptions& options, Communicator& group,
                   const TrainObserver& observer, TrainStart start = {});

}  // namespace warmstart
