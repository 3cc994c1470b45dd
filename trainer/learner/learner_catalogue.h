#pragma once

#include "data/dataset.h"
#include "trainer/learner/learner.h"

namespace warmstart {

// All entities of a data set, encoded once for all tasks.
class LearnerCatalogue : public CatalogueScorer {
 public:
  // For a learner that encodes_rows_once() and has one output; rows are entities.
  LearnerCatalogue(const Learner& learner, const Dataset& dataset);

  at::Tensor scores(const EpisodeBatch& batch) const override;

 private:
  const Learner& learner_;
  Encoding entities_;
};

}  // namespace warmstart
