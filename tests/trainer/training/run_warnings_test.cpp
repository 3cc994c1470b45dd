#include "trainer/training/run_warnings.h"

#include <gtest/gtest.h>

namespace warmstart {
namespace {

// Two rows of one task, the first with the higher label.
EvaluationResult with_scores(const std::string& support, float higher, float lower) {
  return {.support = support,
          .rows = {.tasks = equal_rows(1, 2), .labels = {1, 0}, .predicted = {higher, lower}},
          .scale = {0, 1, {}}};
}

EvaluationResult with_error(const std::string& support, float mae) { return with_scores(support, 1 + mae, mae); }

TEST(RunWarnings, SayThatARunNeverLeavesItsWarmUp) {
  TrainOptions options;
  EXPECT_TRUE(warnings_of_plan(options, 13, 30).empty());
  options.adam.warmup = 100;
  EXPECT_TRUE(warnings_of_plan(options, 101, 30).empty());
  const auto warnings = warnings_of_plan(options, 13, 30);
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_NE(warnings[0].find("takes 13 steps, all of them in the warm-up of 100 (train.warmup)"), std::string::npos);
}

TEST(RunWarnings, SayThatFewTasksValidate) {
  const auto warnings = warnings_of_plan({}, 1000, 29);
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_NE(warnings[0].find("only 29 tasks validate"), std::string::npos);
}

TEST(RunWarnings, SayThatSupportHurts) {
  const auto warning = warning_of_support({with_error("0", 1.75), with_error("5", 3.17), with_error("all", 1.9)},
                                          {MeasureKind::kMae}, "on validation");
  EXPECT_NE(warning.find("on validation: the MAE is 3.1700 with 5 support rows and 1.7500 with none"),
            std::string::npos)
      << warning;
}

TEST(RunWarnings, SayNothingOfSupportThatHelpsOrDiffersByAHundredth) {
  EXPECT_EQ(
      warning_of_support({with_error("0", 1.0), with_error("1", 1.009), with_error("5", 0.8)}, {MeasureKind::kMae}, ""),
      "");
  EXPECT_EQ(warning_of_support({with_error("1", 1.0), with_error("5", 2.0)}, {MeasureKind::kMae}, ""), "");
}

// Errors fall with support here, while rows get into a worse order; and the most certain is wrong.
TEST(RunWarnings, JudgeSupportByTheRunsMeasure) {
  const auto none = with_scores("0", 3.0f, 2.5f), some = with_scores("5", 0.5f, 0.51f),
             all = with_scores("all", 1.0f, 0.95f);
  const Measure ndcg{MeasureKind::kNdcg, 5}, loss{MeasureKind::kLogLoss}, error{MeasureKind::kMae};
  const auto warning = warning_of_support({none, some, all}, ndcg, "on test");
  EXPECT_NE(warning.find("on test: the nDCG@5 is 0.6309 with 5 support rows and 1.0000 with none"), std::string::npos)
      << warning;
  EXPECT_EQ(warning_of_support({none, some, all}, error, ""), "");
  EXPECT_EQ(warning_of_support({none, all}, ndcg, ""), "");
  const auto certain = warning_of_support({with_scores("0", 0.51f, 0.5f), all}, loss, "on test");
  EXPECT_NE(certain.find("the log-loss is 1.4979 with all support rows and 0.6832 with none"), std::string::npos)
      << certain;
}

}  // namespace
}  // namespace warmstart
