#include "trainer/evaluation/metrics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace warmstart {
namespace {

const GainScale kRatings{1, 5};

TEST(TaskMetrics, AreTheTextbookErrors) {
  const std::vector<float> predicted = {1, 3, 5}, labels = {2, 3, 3};
  const auto metrics = task_metrics(predicted, labels, kRatings);
  EXPECT_DOUBLE_EQ(metrics.mae, 1.0);
  EXPECT_DOUBLE_EQ(metrics.mse, 5.0 / 3.0);
  EXPECT_DOUBLE_EQ(metrics.rmse, std::sqrt(5.0 / 3.0));
}

// The worked example of many lectures: relevances 3, 2, 3, 0, 1, 2 in the order they are shown.
TEST(Ndcg, HasTheValueOfTheWorkedExample) {
  const std::vector<float> labels = {3, 2, 3, 0, 1, 2}, scores = {6, 5, 4, 3, 2, 1};
  const double dcg = 7 + 3 / std::log2(3.0) + 7 / 2.0 + 0 + 1 / std::log2(6.0) + 3 / std::log2(7.0);
  const double ideal = 7 + 7 / std::log2(3.0) + 3 / 2.0 + 3 / std::log2(5.0) + 1 / std::log2(6.0);
  EXPECT_NEAR(ndcg(scores, labels, 6, kRatings), dcg / ideal, 1e-12);
  EXPECT_NEAR(dcg / ideal, 0.9488, 1e-4);  // as published, with gains 2^r - 1
}

TEST(Ndcg, IsOneForTheBestOrderAndForNothingToGain) {
  const std::vector<float> labels = {1, 5, 3}, scores = {0, 9, 4}, zeros = {0, 0, 0};
  EXPECT_DOUBLE_EQ(ndcg(scores, labels, 3, kRatings), 1.0);
  EXPECT_DOUBLE_EQ(ndcg(scores, zeros, 3, {0, 1}), 1.0);
}

TEST(Ndcg, TiesKeepTheGivenOrder) {
  const std::vector<float> labels = {1, 5}, scores = {3, 3};
  EXPECT_DOUBLE_EQ(ndcg(scores, labels, 1, kRatings), 1.0 / 31.0);
}

TEST(Ndcg, GainsAreLinearForLabelsThatAreNoRatings) {
  const std::vector<float> labels = {-50, 100}, scores = {2, 1};
  EXPECT_DOUBLE_EQ(ndcg(scores, labels, 1, {-50, 100}), 0.0);
}

}  // namespace
}  // namespace warmstart
