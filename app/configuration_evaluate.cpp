#include "app/configuration.h"

namespace warmstart {

void add_evaluate_options(Options& add, Configuration& c) {
  add.add("evaluate.support", c.evaluate.support, "support sizes, rows, or all; also of validation").items(64);
  add.add("evaluate.query", c.evaluate.query, "rows of a task that judge").from(1).to(1e9).unit("rows");
  add.add("evaluate.order", c.evaluate.order, "time: a task's last rows judge; shuffle: a seeded choice");
  add.add("evaluate.seed", c.evaluate.seed, "of that choice and of ALS");
  add.add("evaluate.joint", c.joint, "run of a model with inner.steps = 0, for the rows joint and fine-tuned")
      .neutral();
  // What is too much for the memory is refused once the data set is known.
  add.add("evaluate.als-factors", c.als.factors, "factors of the ALS baseline").from(1).to(1e9).neutral();
  add.add("evaluate.als-regularisation", c.als.regularisation, "of the ALS baseline").above(0).to(1e12).neutral();
  add.add("evaluate.output", c.evaluation, "file for the results as JSON").neutral();
}

}  // namespace warmstart
