#pragma once

#include "checkpoints/checkpoint.h"

namespace warmstart {

// Seven numbers as three parameters, and a vector of seven more; `step` makes them differ.
Checkpoint example_checkpoint(std::int64_t step);

}  // namespace warmstart
