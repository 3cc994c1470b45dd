#include "trainer/baselines/popularity.h"

#include <ATen/ATen.h>

namespace warmstart {

Predictions Popularity::predict(const EpisodeBatch& batch) const {
  auto scores = at::zeros({batch.tasks, batch.query.width}, at::kFloat);
  auto* out = scores.mutable_data_ptr<float>();
  for (std::size_t row = 0; row < batch.query.place.size(); ++row) {
    const auto entity = batch.entity[static_cast<std::size_t>(batch.query.place[row])];
    out[row] = static_cast<float>(training_rows_[static_cast<std::size_t>(entity)]);
  }
  return {scores};
}

}  // namespace warmstart
