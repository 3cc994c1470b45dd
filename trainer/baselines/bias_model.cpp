#include "trainer/baselines/bias_model.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <numeric>

namespace warmstart {
namespace {

constexpr int kRounds = 5;
constexpr double kFitShrinkage = 5.0, kTaskShrinkage = 2.0;  // rows' worth of evidence that a bias is 0

// For each owner, the shrunken mean of label - mean - the other side's bias.
std::vector<double> shrunken_means(const TrainingRows& rows, double mean, const std::vector<std::int64_t>& owner,
                                   std::size_t owners, const std::vector<std::int64_t>& other,
                                   const std::vector<double>& other_bias) {
  std::vector<double> sum(owners, 0.0), count(owners, 0.0);
  for (std::size_t i = 0; i < rows.label.size(); ++i) {
    const auto place = static_cast<std::size_t>(owner[i]);
    sum[place] += rows.label[i] - mean - other_bias[static_cast<std::size_t>(other[i])];
    count[place] += 1.0;
  }
  for (std::size_t i = 0; i < owners; ++i) sum[i] /= count[i] + kFitShrinkage;
  return sum;
}

}  // namespace

BiasModel::BiasModel(const TrainingRows& rows, const Schema& schema)
    : label_min_(schema.label_min),
      label_max_(schema.label_max),
      entity_bias_(static_cast<std::size_t>(rows.entities), 0.0) {
  mean_ = std::accumulate(rows.label.begin(), rows.label.end(), 0.0) / static_cast<double>(rows.label.size());
  std::vector<double> task_bias(static_cast<std::size_t>(rows.tasks), 0.0);
  for (int round = 0; round < kRounds; ++round) {
    entity_bias_ = shrunken_means(rows, mean_, rows.entity, entity_bias_.size(), rows.task, task_bias);
    task_bias = shrunken_means(rows, mean_, rows.task, task_bias.size(), rows.entity, entity_bias_);
  }
}

Predictions BiasModel::predict(const EpisodeBatch& batch) const {
  auto scores = at::zeros({batch.tasks, batch.query.width}, at::kFloat);
  auto* out = scores.mutable_data_ptr<float>();
  const auto bias_of = [&](std::int64_t place) {
    return entity_bias_[static_cast<std::size_t>(batch.entity[static_cast<std::size_t>(place)])];
  };
  for (std::int64_t task = 0; task < batch.tasks; ++task) {
    double rest = 0.0, count = 0.0;
    for (std::int64_t i = task * batch.support.width; i < (task + 1) * batch.support.width; ++i) {
      const auto row = static_cast<std::size_t>(i);
      rest += batch.support.mask[row] * (batch.support.label[row] - mean_ - bias_of(batch.support.place[row]));
      count += batch.support.mask[row];
    }
    for (std::int64_t i = task * batch.query.width; i < (task + 1) * batch.query.width; ++i) {
      const double score =
          mean_ + rest / (count + kTaskShrinkage) + bias_of(batch.query.place[static_cast<std::size_t>(i)]);
      out[i] = static_cast<float>(score);
    }
  }
  return {scores.clamp(label_min_, label_max_), scores};
}

}  // namespace warmstart
