#include "trainer/objectives/objective_options.h"

namespace warmstart {

void declare(Options& add, ObjectiveOptions& options) {
  add.add("model.objective", options.kind,
          "what is predicted: squared (numbers), huber (numbers, some of them far off), binary (labels 0 and 1) or "
          "poisson (counts)");
  add.renamed("model.loss", "model.objective");
  add.add("model.absolute", options.absolute, "weight of a smooth absolute error beside the squared")
      .from(0)
      .to(1e6)
      .only_with("model.objective", {"squared"});
  add.add("model.huber-width", options.huber_width,
          "error around which its cost turns from squared into absolute, in the label's unit")
      .above(0)
      .to(1e6)
      .only_with("model.objective", {"huber"});
}

}  // namespace warmstart
