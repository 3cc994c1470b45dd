#pragma once

#include <string>

#include "trainer/layers/batch_parameters.h"

namespace warmstart {

// Learned precisions of a head's values, above 0.001: [T, D + 1, 1].
void add_precisions(const std::string& name, std::int64_t features, Parameters& parameters);
at::Tensor precisions(const BatchParameters& parameters, const std::string& name, std::int64_t tasks);

}  // namespace warmstart
