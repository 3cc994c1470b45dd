#pragma once

#include <string>

#include "checkpoints/checkpoint.h"

namespace warmstart {

// Where the parameters that two runs have to show first differ, those of sharded tables behind the others, for people;
// empty where they have the same bits.  The checkpoints were read without rows; of tables one virtual shard of each is
// in memory at a time.  Throws DataError.
std::string first_difference_of_parameters(const Checkpoint& a, const Checkpoint& b);

}  // namespace warmstart
