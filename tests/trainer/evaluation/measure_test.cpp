#include "trainer/evaluation/measure.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/errors.h"
#include "trainer/evaluation/evaluation.h"

namespace warmstart {
namespace {

TEST(Measure, KnowsItsDirection) {
  for (const auto measure : {Measure::kMae, Measure::kMse, Measure::kRmse, Measure::kLogLoss}) {
    EXPECT_TRUE(is_better(measure, 0.1, 0.2)) << name_of(measure);
    EXPECT_FALSE(is_better(measure, 0.2, 0.1)) << name_of(measure);
  }
  for (const auto measure : {Measure::kNdcg1, Measure::kNdcg3, Measure::kNdcg5}) {
    EXPECT_TRUE(is_better(measure, 0.2, 0.1)) << name_of(measure);
    EXPECT_FALSE(is_better(measure, 0.1, 0.2)) << name_of(measure);
  }
}

TEST(Measure, WhatIsNoNumberIsNeverBetterNorIsWhatIsEqual) {
  for (const auto measure : {Measure::kMae, Measure::kNdcg5}) {
    EXPECT_FALSE(is_better(measure, NAN, 0.5));
    EXPECT_FALSE(is_better(measure, 0.5, 0.5));
  }
}

TEST(Measure, EachIsTheMeanOverTheSupportSizes) {
  const std::vector<EvaluationResult> results = {
      {.support = "0", .tasks = 3, .mean = {1, 2, 3, 0.25, 0.5, 0.75}, .log_loss = 0.5, .not_finite = {}},
      {.support = "all", .tasks = 3, .mean = {2, 4, 6, 0.75, 0.5, 0.25}, .log_loss = 0.25, .not_finite = {}}};
  EXPECT_EQ(mean_over_supports(results, Measure::kMae), 1.5);
  EXPECT_EQ(mean_over_supports(results, Measure::kMse), 3.0);
  EXPECT_EQ(mean_over_supports(results, Measure::kRmse), 4.5);
  EXPECT_EQ(mean_over_supports(results, Measure::kNdcg1), 0.5);
  EXPECT_EQ(mean_over_supports(results, Measure::kNdcg3), 0.5);
  EXPECT_EQ(mean_over_supports(results, Measure::kNdcg5), 0.5);
  EXPECT_EQ(mean_over_supports(results, Measure::kLogLoss), 0.375);
}

TEST(Measure, LogLossRefusesLabelsThatAreNotBinary) {
  EXPECT_NO_THROW(check(Measure::kLogLoss, 0, 1));
  EXPECT_NO_THROW(check(Measure::kMae, 1, 5));
  EXPECT_THROW(check(Measure::kLogLoss, 1, 5), UsageError);
}

}  // namespace
}  // namespace warmstart
