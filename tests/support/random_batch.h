#pragma once

#include "data/batch.h"
#include "data/schema.h"
#include "trainer/objectives/objective_options.h"

namespace warmstart {

// A small random batch with every kind of field, ragged supports (one of them empty), unknown keys and a task of which
// nothing is known, and rows that share an entity or a user; by hand, since the inner gradient is checked on it in
// double precision.
constexpr std::int64_t kRows = 9, kRowIds = 12, kTaskIds = 4, kDense = 2, kTasks = 4;
Schema random_batch_schema();
EpisodeBatch random_batch(bool of_bits, std::uint64_t below = 2);  // or whole numbers below that

// Whether an objective's examples have labels of 0 and 1.
inline bool has_bits(ObjectiveKind objective) {
  return objective == ObjectiveKind::kBinary || objective == ObjectiveKind::kPoisson ||
         objective == ObjectiveKind::kPairwise || objective == ObjectiveKind::kClasses;
}

// A batch with labels that the objective takes, of three classes where it is of classes.
inline EpisodeBatch random_batch_of(ObjectiveKind objective) {
  return random_batch(has_bits(objective), objective == ObjectiveKind::kClasses ? 3 : 2);
}

}  // namespace warmstart
