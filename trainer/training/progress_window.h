// What a run has to say of the meta-steps since it last said something.

#pragma once

#include <cstdint>
#include <optional>

#include "trainer/tables/growth.h"
#include "trainer/training/meta_step.h"
#include "trainer/training/step_bytes.h"

namespace warmstart {

// The state of a run, at log steps.  Times are this rank's shares since the last one.
struct TrainProgress {
  std::int64_t step, steps;
  double loss, gradient_norm, rate, tasks_per_second, seconds_left;
  double data_wait_share;
  double reduce_share, hidden_reduce_share;  // of sums over ranks: waiting for them, and while the reverse pass went on
  double exchange_share, encoding_share;  // exchanging rows of sharded tables, and encodings of rows; waiting included
  double padded_share;
  double repeated_share;  // of ids looked up in sharded tables: no repetition is exchanged
  StepBytes bytes;
  std::optional<GrowthReport> growth = {};  // of all ranks, where tables grow
};

// Where this rank's seconds have gone: readings of clocks that only run on.
struct SpentSeconds {
  double total = 0.0;                             // since this process began to train
  double validating = 0.0;                        // of these
  double data_wait = 0.0;                         // for microbatches
  double reduce_wait = 0.0, reduce_hidden = 0.0;  // for sums over ranks, and of these behind the reverse pass
};

// The meta-steps that are reported together.  Rates are of training: validation's seconds are left out.
class ProgressWindow {
 public:
  // Of a run of `steps` meta-steps of so many tasks, which this process begins after `step` of them.
  ProgressWindow(std::int64_t steps, std::int64_t tasks, std::int64_t step)
      : steps_(steps), tasks_(tasks), begun_(step), first_(step) {}

  // Forgets what was added: the window's first meta-step is `step`.
  void begin(std::int64_t step, const SpentSeconds& now);

  void add(const StepOutcome& outcome);

  // Collective, of the ranks' windows.  Of the meta-steps before `step`.
  StepBytes bytes(std::int64_t step, Communicator& group) const;

  // Of the meta-steps before `step`, whose last had the outer rate `rate`; `bytes` are theirs.
  TrainProgress progress(std::int64_t step, double rate, const SpentSeconds& now, const StepBytes& bytes) const;

 private:
  std::int64_t steps_, tasks_;
  std::int64_t begun_, first_;  // the first meta-step of this process, and of the window
  SpentSeconds before_;
  double loss_ = 0.0, padded_ = 0.0, repeated_ = 0.0;  // sums
  double norm_ = 0.0;                                  // the last one
  Traffic traffic_;                                    // sum
};

}  // namespace warmstart
