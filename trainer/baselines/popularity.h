#pragma once

#include <vector>

#include "data/dataset.h"
#include "trainer/evaluation/recommender.h"

namespace warmstart {

// The bar to clear where whole catalogues are ranked: entities by their training rows, the same for all tasks.
class Popularity : public Recommender {
 public:
  explicit Popularity(const Dataset& dataset) : training_rows_(dataset.training_rows()) {}

  Predictions predict(const EpisodeBatch& batch) const override;

 private:
  std::vector<std::int64_t> training_rows_;
};

}  // namespace warmstart
