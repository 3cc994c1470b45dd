#pragma once

#include "trainer/adaptation/adapt_options.h"
#include "trainer/networks/network_options.h"
#include "trainer/objectives/objective_options.h"

namespace warmstart {

// What a model is made of.
struct ModelOptions {
  NetworkOptions network = {};
  ObjectiveOptions objective = {};
  AdaptOptions adapt = {};
};

void declare(Options& add, ModelOptions& options);

// Those of a resolved configuration, from the sections model, adapt and inner.  Throws UsageError naming what this
// version does not know.
ModelOptions model_options_of(const std::string& resolved);

// Throws UsageError when parts do not go together, or an option makes no sense beside another.
void check(const ModelOptions& options);

}  // namespace warmstart
