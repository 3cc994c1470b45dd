#pragma once

#include "data/batch.h"
#include "data/schema.h"

namespace warmstart {

// A small random batch with every kind of field, ragged supports (one of them empty), unknown keys and a task of which
// nothing is known; by hand, since the inner gradient is checked on it in double precision.
constexpr std::int64_t kRows = 9, kRowIds = 12, kTaskIds = 4, kDense = 2, kTasks = 4;
Schema random_batch_schema();
EpisodeBatch random_batch(bool binary);

}  // namespace warmstart
