#include "trainer/evaluation/popularity_slices.h"

#include <gtest/gtest.h>

#include <cmath>

namespace warmstart {
namespace {

using Places = std::vector<std::size_t>;

TEST(PopularitySlices, AreThirdsOfTheRowsFromTheMostTrainedOnDown) {
  const auto slices = popularity_slices(std::vector<std::int64_t>{5, 90, 0, 70, 20, 1});
  EXPECT_EQ(slices.rows[0], (Places{1, 3}));
  EXPECT_EQ(slices.rows[1], (Places{0, 4}));
  EXPECT_EQ(slices.rows[2], (Places{2, 5}));
}

// Four rows are of one popularity, and the middle of them lies in the middle third.
TEST(PopularitySlices, KeepEntitiesOfEquallyManyRowsTogether) {
  const auto slices = popularity_slices(std::vector<std::int64_t>{3, 9, 3, 3, 3, 1});
  EXPECT_EQ(slices.rows[0], (Places{1}));
  EXPECT_EQ(slices.rows[1], (Places{0, 2, 3, 4}));
  EXPECT_EQ(slices.rows[2], (Places{5}));
  EXPECT_EQ(popularity_slices(std::vector<std::int64_t>{7, 7}).rows[1].size(), 2u);
}

TEST(PopularitySlices, MeasureTheirRowsTogether) {
  const EvaluationResult result{.support = "0",
                                .rows = {.tasks = equal_rows(2, 2), .labels = {1, 2, 3, 4}, .predicted = {1, 3, 6, 4}},
                                .scale = {1, 5, {}}};
  EXPECT_EQ(value_of_rows({MeasureKind::kMae}, result, {1, 2}), 2.0);
  EXPECT_EQ(value_of_rows({MeasureKind::kRmse}, result, {1, 2}), std::sqrt(5.0));
  EXPECT_TRUE(std::isnan(value_of_rows({MeasureKind::kMae}, result, {})));
}

TEST(PopularitySlices, RecallIsTheShareOfRelevantRowsThatAreFound) {
  EvaluationResult result = {.support = "all", .rows = {}, .scale = {.least = 0, .most = 1, .relevant = 1.0}};
  result.ranked = RankedRows{.tasks = equal_rows(2, 2), .labels = {1, 0, 1, 1}, .places = {4, 0, 1, 9}};
  const Measure recall = {MeasureKind::kRecall, 5};
  EXPECT_EQ(value_of_rows(recall, result, {0, 1, 2, 3}), 2.0 / 3.0);
  EXPECT_EQ(value_of_rows(recall, result, {0, 3}), 0.5);
  EXPECT_TRUE(std::isnan(value_of_rows(recall, result, {1})));
}

}  // namespace
}  // namespace warmstart
