#include "trainer/evaluation/metrics.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <vector>

namespace warmstart {
namespace {

double discounted(const std::vector<double>& gains, int k) {
  double sum = 0.0;
  for (std::size_t place = 0; place < std::min<std::size_t>(gains.size(), static_cast<std::size_t>(k)); ++place) {
    sum += gains[place] / std::log2(static_cast<double>(place) + 2.0);
  }
  return sum;
}

}  // namespace

double TaskMetrics::value(std::string_view name) const {
  const auto place = std::find(kNames.begin(), kNames.end(), name) - kNames.begin();
  return values().at(static_cast<std::size_t>(place));
}

double GainScale::gain(double label) const {
  if (label_min >= 0.0 && label_max <= 10.0) return std::exp2(label) - 1.0;
  return label - label_min;
}

double ndcg(std::span<const float> scores, std::span<const float> labels, int k, const GainScale& scale) {
  std::vector<std::size_t> order(scores.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return scores[a] > scores[b]; });
  std::vector<double> gains;
  gains.reserve(order.size());
  for (const auto row : order) gains.push_back(scale.gain(labels[row]));
  const double achieved = discounted(gains, k);
  std::sort(gains.begin(), gains.end(), std::greater<>());
  const double ideal = discounted(gains, k);
  return ideal > 0.0 ? achieved / ideal : 1.0;
}

TaskMetrics task_metrics(std::span<const float> predicted, std::span<const float> labels, const GainScale& scale) {
  TaskMetrics metrics;
  const auto count = static_cast<double>(labels.size());
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const double error = static_cast<double>(predicted[i]) - labels[i];
    metrics.mae += std::abs(error) / count;
    metrics.mse += error * error / count;
  }
  metrics.rmse = std::sqrt(metrics.mse);
  metrics.ndcg1 = ndcg(predicted, labels, 1, scale);
  metrics.ndcg3 = ndcg(predicted, labels, 3, scale);
  metrics.ndcg5 = ndcg(predicted, labels, 5, scale);
  return metrics;
}

}  // namespace warmstart
