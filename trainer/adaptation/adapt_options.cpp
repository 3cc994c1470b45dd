#include "trainer/adaptation/adapt_options.h"

namespace warmstart {

void declare(Options& add, AdaptOptions& options) {
  add.add("adapt.stages", options.stages,
          "how a task's support becomes its own, in this order: prior (a head from the task's fields), prototypes "
          "(class "
          "means), steps (inner steps)")
      .items(8);
  add.add("model.prior", options.prior, "width of the hidden layer of the stage prior")
      .from(1)
      .to(1e9)
      .only_with("adapt.stages", {"prior"});
  declare(add, options.inner);
}

}  // namespace warmstart
