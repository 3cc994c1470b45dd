#pragma once

#include "trainer/learner/model_options.h"

namespace warmstart {

constexpr double kBytesOfValue = 4;  // of a float32

// Throws UsageError naming the options and both figures when this host cannot have the memory of so many parameters.
void require_model_memory(const ModelOptions& options, double parameters);

// The options that make a model large, for messages.
std::string widths(const ModelOptions& options);

}  // namespace warmstart
