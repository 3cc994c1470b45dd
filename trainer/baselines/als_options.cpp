#include "trainer/baselines/als_options.h"

#include "base/options.h"

namespace warmstart {

void declare(Options& add, AlsOptions& options) {
  // What is too much for the memory is refused once the data set is known.
  add.add("evaluate.als-factors", options.factors, "factors of the ALS baseline").from(1).to(1e9).neutral();
  add.add("evaluate.als-regularisation", options.regularisation, "of the ALS baseline").above(0).to(1e12).neutral();
}

}  // namespace warmstart
