#pragma once

#include "data/dataset.h"
#include "trainer/learner/learner.h"

namespace warmstart {

constexpr std::int64_t kEntitiesAtOnce = 8192;  // bounds the memory of what a network makes on its way

// Entities [first, end) of a data set as rows of a batch without tasks.
EpisodeBatch entities_as_rows(const Dataset& dataset, std::int64_t first, std::int64_t end);

// Their encoding by a learner that scores_catalogues(), `block` after `block`: [end - first, ..].
Encoding encoded_entities(const Learner& learner, const Dataset& dataset, std::int64_t first, std::int64_t end,
                          std::int64_t block = kEntitiesAtOnce);

// All entities of a data set, encoded once for all tasks.
class LearnerCatalogue : public CatalogueScorer {
 public:
  // For a learner that scores_catalogues(), which outlives it, with the encoding of all entities.
  LearnerCatalogue(const Learner& learner, Encoding entities) : learner_(learner), entities_(std::move(entities)) {}

  at::Tensor scores(const EpisodeBatch& batch) const override;

 private:
  const Learner& learner_;
  Encoding entities_;
};

}  // namespace warmstart
