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

// Throws UsageError when parts do not go together, or an option makes no sense beside another.
void check(const ModelOptions& options);

}  // namespace warmstart
