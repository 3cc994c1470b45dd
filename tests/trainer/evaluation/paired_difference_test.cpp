#include "trainer/evaluation/paired_difference.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/random.h"

namespace warmstart {
namespace {

const std::vector<Measure> kAllKinds = {
    {MeasureKind::kMae},        {MeasureKind::kLogLoss},          {MeasureKind::kAuc},
    {MeasureKind::kGroupedAuc}, {MeasureKind::kCalibrationError}, {MeasureKind::kNdcg, 3},
    {MeasureKind::kMap, 3}};

// Labels of 0 and 1, and predictions that are off by a share of `noise`, drawn for each row.
EvaluationResult noisy(double noise, std::uint64_t seed) {
  EvaluationResult result{.support = "5", .rows = {.tasks = equal_rows(60, 4)}, .scale = {0, 1, 1.0}};
  RandomStream labels(1, Purpose::kSynthesize), errors(seed, Purpose::kSynthesize, 1);
  for (std::size_t i = 0; i < result.rows.tasks.rows(); ++i) {
    const double label = labels.uniform() < 0.4 ? 1.0 : 0.0, error = noise * errors.uniform();
    result.rows.labels.push_back(static_cast<float>(label));
    result.rows.predicted.push_back(static_cast<float>(label + (1.0 - 2.0 * label) * error));
  }
  return result;
}

TEST(PairedDifference, OfARunWithItselfIsNothing) {
  const auto result = noisy(0.9, 1);
  for (const auto& pair : paired_differences({result}, {result}, kAllKinds, {.resamples = 100})) {
    EXPECT_EQ(pair.difference, 0.0) << name_of(pair.measure);
    ASSERT_TRUE(pair.interval);
    EXPECT_EQ(pair.interval->low, 0.0);
    EXPECT_EQ(pair.interval->high, 0.0);
    EXPECT_EQ(pair.better.value_or(0.0), 0.0);
    EXPECT_EQ(pair.better.has_value(), !is_pooled(pair.measure));
    EXPECT_FALSE(pair.excludes_zero());
  }
}

TEST(PairedDifference, TellsWhichIsBetterByEachMeasuresDirection) {
  const auto good = noisy(0.3, 1), bad = noisy(0.95, 2);
  for (const auto& pair : paired_differences({good}, {bad}, kAllKinds, {.resamples = 200})) {
    EXPECT_TRUE(is_better(pair.measure, pair.value, pair.other)) << name_of(pair.measure);
    EXPECT_EQ(pair.difference, pair.value - pair.other);
    EXPECT_TRUE(pair.excludes_zero()) << name_of(pair.measure);
    EXPECT_EQ(pair.difference > 0, higher_is_better(pair.measure));
  }
  const auto mae = paired_differences({good}, {bad}, {{MeasureKind::kMae}}, {.resamples = 0})[0];
  EXPECT_GT(mae.better, 0.8);
  EXPECT_FALSE(mae.interval);
  EXPECT_FALSE(mae.excludes_zero());
}

// Where one recommender is off by the same in every task, however far that may be, the difference is certain.
TEST(PairedDifference, IsOfPairsNotOfTwoIntervals) {
  auto result = noisy(0.9, 1), other = result;
  for (std::size_t i = 0; i < other.rows.predicted.size(); ++i)
    other.rows.predicted[i] += (other.rows.labels[i] > 0 ? -1.0f : 1.0f) * 0.015625f;
  const auto pair = paired_differences({result}, {other}, {{MeasureKind::kMae}}, {.resamples = 200})[0];
  EXPECT_NEAR(pair.difference, -0.015625, 1e-6);
  EXPECT_NEAR(pair.interval->low, -0.015625, 1e-6);
  EXPECT_NEAR(pair.interval->high, -0.015625, 1e-6);
  EXPECT_EQ(pair.better, 1.0);
}

TEST(PairedDifference, IsMeasureByMeasureAndSizeBySize) {
  auto none = noisy(0.9, 1), all = noisy(0.5, 2);
  none.support = "0";
  all.support = "all";
  const auto pairs = paired_differences({none, all}, {all, none}, {{MeasureKind::kMae}, {MeasureKind::kAuc}}, {});
  ASSERT_EQ(pairs.size(), 4u);
  EXPECT_EQ(pairs[1].support, "all");
  EXPECT_EQ(pairs[1].difference, -pairs[0].difference);
  EXPECT_EQ(name_of(pairs[2].measure), "auc");
}

}  // namespace
}  // namespace warmstart
