#pragma once

#include <array>
#include <span>
#include <string_view>

namespace warmstart {

// How good predictions are for one task's query rows.
struct TaskMetrics {
  double mae = 0.0, mse = 0.0, rmse = 0.0;
  double ndcg1 = 0.0, ndcg3 = 0.0, ndcg5 = 0.0;

  static constexpr int kCount = 6;
  static constexpr std::array<const char*, kCount> kNames = {"mae", "mse", "rmse", "ndcg@1", "ndcg@3", "ndcg@5"};
  std::array<double, kCount> values() const { return {mae, mse, rmse, ndcg1, ndcg3, ndcg5}; }

  // Those that tables show.
  static constexpr std::array kShown = {"mae", "rmse", "ndcg@1", "ndcg@5"};
  double value(std::string_view name) const;  // throws std::out_of_range for a name not in kNames
};

// What a label is worth to nDCG: 2^label - 1 where the labels' range lies within [0, 10]
// (ratings, clicks), label - label_min otherwise.
struct GainScale {
  double label_min, label_max;
  double gain(double label) const;
};

// Normalised discounted cumulative gain of the best `k` by score; ties keep the given order.
// Discount 1 / log2(place + 1).  1 where no order can gain anything.
double ndcg(std::span<const float> scores, std::span<const float> labels, int k, const GainScale& scale);

// Both spans have the length of the task's query, at least 1.
TaskMetrics task_metrics(std::span<const float> predicted, std::span<const float> labels, const GainScale& scale);

}  // namespace warmstart
