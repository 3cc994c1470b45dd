#include "trainer/training/outer_options.h"

namespace warmstart {

void declare(Options& add, OuterOptions& options) {
  add.add("train.outer", options.update,
          "what moves the parameters: query-loss (the meta-gradient), reptile (what inner steps have changed, as a "
          "gradient) or averaging (the mean of the tasks' parameters)");
  add.add("train.weights", options.weights, "what a task counts in that mean: equal, or its support rows")
      .only_with("train.outer", {"averaging"});
  add.add("train.averaging-rate", options.averaging_rate, "how far the parameters go towards that mean; 1: all the way")
      .above(0)
      .to(1)
      .only_with("train.outer", {"averaging"});
  add.add("train.schedule", options.schedule,
          "parts of a run and their epochs, which add up to train.epochs: joint:5, meta:20 trains without adaptation "
          "first; empty: meta alone")
      .items(64);
}

}  // namespace warmstart
