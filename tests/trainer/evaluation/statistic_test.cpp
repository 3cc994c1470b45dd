#include "trainer/evaluation/statistic.h"

#include <gtest/gtest.h>

#include <cmath>

#include "trainer/evaluation/auc.h"
#include "trainer/evaluation/measurement.h"

namespace warmstart {
namespace {

// Three tasks of two rows: the first has both kinds of label, the others have one.
EvaluationResult three_tasks() {
  return {
      .support = "all",
      .rows = {.tasks = equal_rows(3, 2), .labels = {0, 1, 1, 1, 0, 0}, .predicted = {.25f, .75f, .5f, 1, .75f, .5f}},
      .scale = {0, 1, 1.0}};
}

TEST(Statistic, LeavesTasksOutThatDoNotDefineTheMeasure) {
  const auto result = three_tasks();
  EXPECT_EQ(value_of(result, {MeasureKind::kGroupedAuc}), 1.0);
  EXPECT_EQ(value_of(result, {MeasureKind::kRecall, 1}), (1.0 + 0.5) / 2);
  EXPECT_EQ(value_of(result, {MeasureKind::kPrecision, 1}), (1.0 + 1.0 + 0.0) / 3);
  EXPECT_EQ(value_of(result, {MeasureKind::kHit, 2}), 1.0);
  EXPECT_EQ(value_of(result, {MeasureKind::kMrr}), 1.0);
  EXPECT_EQ(value_of(result, {MeasureKind::kMap, 1}), 1.0);
  EXPECT_EQ(value_of(result, {MeasureKind::kMae}), (0.25 + 0.25 + 0.5 + 0 + 0.75 + 0.5) / 6);
  EXPECT_EQ(value_of(result, {MeasureKind::kRmse}), (0.25 + std::sqrt(0.25 / 2) + std::sqrt(0.8125 / 2)) / 3);
}

TEST(Statistic, PoolsTheRowsOfAllTasks) {
  const auto result = three_tasks();
  EXPECT_EQ(value_of(result, {MeasureKind::kAuc}), auc(result.rows.predicted, result.rows.labels, 1));
  // Of nine pairs six are in order and two are equal.
  EXPECT_DOUBLE_EQ(value_of(result, {MeasureKind::kAuc}), (6 + 2 * 0.5) / 9);
  EXPECT_DOUBLE_EQ(value_of(result, {MeasureKind::kCalibrationError}), (0.25 + 0 + 0.5 + 0) / 6);
}

TEST(Statistic, CountsTasksByTheirWeights) {
  const auto result = three_tasks();
  const std::vector<double> weights = {0, 2, 1};
  const auto recall = make_statistic({MeasureKind::kRecall, 1}, result.rows, result.scale);
  EXPECT_EQ(recall->value(weights), 0.5);
  EXPECT_TRUE(std::isnan(recall->value(std::vector<double>{0, 0, 5})));
  const auto mae = make_statistic({MeasureKind::kMae}, result.rows, result.scale);
  EXPECT_EQ(mae->value(weights), (2 * 0.25 + 0.625) / 3);
}

// Three tasks of one, three and two rows; what is expected of them is by scripts of a few lines of NumPy.
RowsByTask unequal_tasks() {
  RowsByTask tasks;
  for (const std::size_t rows : {1u, 3u, 2u}) tasks.add_task(rows);
  return tasks;
}

TEST(Statistic, OfTasksOfUnequalLengthCountsEachTaskOnce) {
  const EvaluationResult result = {
      .support = "1",
      .rows = {.tasks = unequal_tasks(), .labels = {3, 1, 5, 4, 2, 4}, .predicted = {2.5f, 2, 4.5f, 4.75f, 3.5f, 3}},
      .scale = {1, 5, 4.0}};
  EXPECT_NEAR(value_of(result, {MeasureKind::kMae}), 0.8333333333333334, 1e-15);
  EXPECT_NEAR(value_of(result, {MeasureKind::kRmse}), 0.8506788220518658, 1e-15);
  EXPECT_NEAR(value_of(result, {MeasureKind::kNdcg, 2}), 0.8639636604578529, 1e-15);
  EXPECT_EQ(value_of(result, {MeasureKind::kPrecision, 2}), 0.5);
  EXPECT_EQ(value_of(result, {MeasureKind::kRecall, 1}), 0.25);
  EXPECT_EQ(value_of(result, {MeasureKind::kMrr}), 0.75);
  EXPECT_EQ(value_of(result, {MeasureKind::kGroupedAuc}), 0.5);
  EXPECT_NEAR(value_of(result, {MeasureKind::kAuc}), 0.8888888888888888, 1e-15);
  const auto auc = make_statistic({MeasureKind::kAuc}, result.rows, result.scale);
  EXPECT_NEAR(auc->value(std::vector<double>{2, 1, 3}), 0.7, 1e-15);
}

TEST(Statistic, OfTasksOfUnequalLengthPoolsTheirProbabilities) {
  const JudgedRows rows = {
      .tasks = unequal_tasks(), .labels = {1, 0, 1, 0, 1, 0}, .predicted = {.25f, .75f, .75f, .5f, .125f, .25f}};
  const auto error = make_statistic({MeasureKind::kCalibrationError}, rows, {0, 1, 1.0});
  EXPECT_NEAR(error->value(), 0.3958333333333333, 1e-15);
  EXPECT_NEAR(error->value(std::vector<double>{2, 1, 3}), 0.3977272727272727, 1e-15);
}

TEST(Measurement, TellsHowManyTasksDefineTheMeasure) {
  const std::vector<Measure> measures = {
      {MeasureKind::kAuc}, {MeasureKind::kGroupedAuc}, {MeasureKind::kRecall, 1}, {MeasureKind::kMae}};
  const auto found = measurements({three_tasks()}, measures, {.resamples = 200});
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0][0].tasks, 3);
  EXPECT_EQ(found[0][1].tasks, 1);
  EXPECT_EQ(found[0][2].tasks, 2);
  EXPECT_EQ(found[0][3].tasks, 3);
  // Each task's error is one of 0.25, 0.25 and 0.625, so samples' means lie between.
  ASSERT_TRUE(found[0][3].interval);
  EXPECT_EQ(found[0][3].interval->low, 0.25);
  EXPECT_GE(found[0][3].interval->high, 0.5);
  EXPECT_LE(found[0][3].interval->high, 0.625);
}

TEST(Measurement, HasTheIntervalOfItsSupportSizeAndMeasure) {
  auto undecided = three_tasks();
  undecided.rows.predicted = std::vector<float>(6, 0.5f);
  const auto found =
      measurements({three_tasks(), undecided}, {{MeasureKind::kMae}, {MeasureKind::kMse}}, {.resamples = 50});
  ASSERT_EQ(found.size(), 2u);
  for (const auto& of_support : found) {
    ASSERT_EQ(of_support.size(), 2u);
    for (const auto& each : of_support) ASSERT_TRUE(each.interval);
  }
  EXPECT_LT(found[0][0].interval->low, found[0][0].interval->high);
  EXPECT_LT(found[0][1].interval->high, found[0][0].interval->high);
  // All tasks err by as much, so that all samples do.
  for (const double bound : {found[1][0].interval->low, found[1][0].interval->high}) EXPECT_EQ(bound, 0.5);
  for (const double bound : {found[1][1].interval->low, found[1][1].interval->high}) EXPECT_EQ(bound, 0.25);
}

TEST(Measurement, OfNoTaskIsUndefined) {
  auto result = three_tasks();
  result.rows.labels = {0, 0, 0, 0, 0, 0};
  const auto found = measurements({result}, {{MeasureKind::kMrr}}, {.resamples = 10});
  EXPECT_TRUE(std::isnan(found[0][0].value));
  EXPECT_EQ(found[0][0].tasks, 0);
  EXPECT_FALSE(found[0][0].interval);
}

}  // namespace
}  // namespace warmstart
