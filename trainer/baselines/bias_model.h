#pragma once

#include <vector>

#include "data/schema.h"
#include "trainer/baselines/training_rows.h"
#include "trainer/evaluation/recommender.h"

namespace warmstart {

// The bar to clear: label = mean + bias of the entity + bias of the task, fitted by five
// rounds of shrunken means.  A new task's bias comes from its support rows.
class BiasModel : public Recommender {
 public:
  BiasModel(const TrainingRows& rows, const Schema& schema);

  double mean() const { return mean_; }
  const std::vector<double>& entity_bias() const { return entity_bias_; }  // 0 for one not trained on
  Predictions predict(const EpisodeBatch& batch) const override;

 private:
  double mean_ = 0.0, label_min_, label_max_;
  std::vector<double> entity_bias_;
};

}  // namespace warmstart
