#include "trainer/training/save_options.h"

#include "base/options.h"

namespace warmstart {

void declare(Options& add, SaveOptions& options) {
  constexpr double kMostSteps = 1e9;
  auto& retention = options.retention;
  add.add("train.checkpoint-every", options.every_steps, "steps between checkpoints; 0: by time only")
      .from(0)
      .to(kMostSteps)
      .neutral();
  add.add("train.checkpoint-minutes", options.every_minutes, "minutes between checkpoints; 0: by steps only")
      .from(0)
      .to(1e6)
      .neutral();
  add.add("train.full-checkpoint-every", options.full_every,
          "of runs with sharded tables: one checkpoint of so many has all rows; those between have the rows that have "
          "changed since, and stay readable as long as it does")
      .from(1)
      .to(kMostSteps)
      .unit("checkpoints")
      .neutral();
  add.add("train.keep-last", retention.last, "checkpoints that stay, and the best on validation")
      .from(1)
      .to(kMostSteps)
      .neutral();
  add.add("train.keep-every", retention.every, "steps of which every multiple's checkpoint stays; 0: none")
      .from(0)
      .to(kMostSteps)
      .neutral();
  add.add("train.strict-checkpoints", options.strict, "a checkpoint that cannot be written ends the run").neutral();
}

}  // namespace warmstart
