#pragma once

#include <vector>

#include "trainer/baselines/als_options.h"
#include "trainer/baselines/bias_model.h"
#include "trainer/evaluation/recommender.h"

namespace warmstart {

// Throws UsageError when this host cannot have the memory that the options take at least for so many tasks and
// entities.
void check(const AlsOptions& options, std::int64_t tasks = 0, std::int64_t entities = 0);

// What shops run: matrix factorisation with biases by alternating least squares; a new task
// is folded in by ridge regression on its support rows.
class Als : public Recommender {
 public:
  Als(const TrainingRows& rows, const Schema& schema, const AlsOptions& options, std::uint64_t seed);
  Predictions predict(const EpisodeBatch& batch) const override;

 private:
  AlsOptions options_;
  double mean_, label_min_, label_max_;
  at::Tensor entity_;       // float64 [entities, factors + 1], the last column the bias
  std::vector<bool> seen_;  // entities with training rows; others score the mean
};

}  // namespace warmstart
