#include "trainer/objectives/objective_options.h"

namespace warmstart {

void declare(Options& add, ObjectiveOptions& options) {
  add.add("model.objective", options.kind, "what is predicted: squared (numbers) or binary (labels 0 and 1)");
  add.renamed("model.loss", "model.objective");
  add.add("model.absolute", options.absolute, "weight of a smooth absolute error beside the squared")
      .from(0)
      .to(1e6)
      .only_with("model.objective", {"squared"});
}

}  // namespace warmstart
