#include "trainer/training/run_warnings.h"

#include <gtest/gtest.h>

namespace warmstart {
namespace {

EvaluationResult with_error(const std::string& support, double mae) {
  return {.support = support, .tasks = 40, .mean = {.mae = mae}};
}

TEST(RunWarnings, SayThatARunNeverLeavesItsWarmUp) {
  TrainOptions options;
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
  const auto warning =
      warning_of_support({with_error("0", 1.75), with_error("5", 3.17), with_error("all", 1.9)}, "on validation");
  EXPECT_NE(warning.find("on validation: the MAE is 3.1700 with 5 support rows and 1.7500 with none"),
            std::string::npos)
      << warning;
}

TEST(RunWarnings, SayNothingOfSupportThatHelpsOrDiffersByAHundredth) {
  EXPECT_EQ(warning_of_support({with_error("0", 1.0), with_error("1", 1.009), with_error("5", 0.8)}, ""), "");
  EXPECT_EQ(warning_of_support({with_error("1", 1.0), with_error("5", 2.0)}, ""), "");
}

}  // namespace
}  // namespace warmstart
