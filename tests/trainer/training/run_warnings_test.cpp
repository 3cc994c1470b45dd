#include "trainer/training/run_warnings.h"

#include <gtest/gtest.h>

namespace warmstart {
namespace {

EvaluationResult with_error(const std::string& support, double mae) {
  return {.support = support, .tasks = 40, .mean = {.mae = mae}};
}

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
                                          Measure::kMae, "on validation");
  EXPECT_NE(warning.find("on validation: the MAE is 3.1700 with 5 support rows and 1.7500 with none"),
            std::string::npos)
      << warning;
}

TEST(RunWarnings, SayNothingOfSupportThatHelpsOrDiffersByAHundredth) {
  EXPECT_EQ(warning_of_support({with_error("0", 1.0), with_error("1", 1.009), with_error("5", 0.8)}, Measure::kMae, ""),
            "");
  EXPECT_EQ(warning_of_support({with_error("1", 1.0), with_error("5", 2.0)}, Measure::kMae, ""), "");
}

// Errors fall with support here, while rows get into a worse order.
TEST(RunWarnings, JudgeSupportByTheRunsMeasure) {
  auto none = with_error("0", 1.0), some = with_error("5", 0.5), all = with_error("all", 0.4);
  none.mean.ndcg5 = 0.9, some.mean.ndcg5 = 0.7, all.mean.ndcg5 = 0.95;
  none.log_loss = 0.6, some.log_loss = 0.6, all.log_loss = 0.65;
  const auto warning = [&](Measure measure) { return warning_of_support({none, some, all}, measure, "on test"); };
  EXPECT_EQ(warning(Measure::kMae), "");
  EXPECT_NE(warning(Measure::kNdcg5).find("the nDCG@5 is 0.7000 with 5 support rows and 0.9000 with none"),
            std::string::npos)
      << warning(Measure::kNdcg5);
  EXPECT_NE(warning(Measure::kLogLoss).find("0.6500 with all support rows and 0.6000"), std::string::npos);
  some.mean.ndcg5 = 0.892;
  EXPECT_EQ(warning(Measure::kNdcg5), "");
}

}  // namespace
}  // namespace warmstart
