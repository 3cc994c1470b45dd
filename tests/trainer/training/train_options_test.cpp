#include "trainer/training/train_options.h"

#include <gtest/gtest.h>

#include "base/errors.h"

namespace warmstart {
namespace {

TrainOptions judged_by(Measure measure) {
  TrainOptions options;
  options.measure = measure;
  return options;
}

TEST(MeasureOfValidation, IsTheObjectivesOwn) {
  EXPECT_EQ(measure_of_validation({}, ObjectiveKind::kSquared), Measure::kMae);
  EXPECT_EQ(measure_of_validation({}, ObjectiveKind::kBinary), Measure::kLogLoss);
  EXPECT_EQ(measure_of_validation({}, ObjectiveKind::kPairwise), Measure::kNdcg5);
  EXPECT_EQ(measure_of_validation({}, ObjectiveKind::kListwise), Measure::kNdcg5);
}

TEST(MeasureOfValidation, OfAnOrderIsNoneOfValues) {
  EXPECT_EQ(measure_of_validation(judged_by(Measure::kNdcg1), ObjectiveKind::kPairwise), Measure::kNdcg1);
  for (const auto measure : {Measure::kMae, Measure::kMse, Measure::kRmse, Measure::kLogLoss}) {
    EXPECT_EQ(measure_of_validation(judged_by(measure), ObjectiveKind::kBinary), measure);
    EXPECT_THROW(measure_of_validation(judged_by(measure), ObjectiveKind::kListwise), UsageError);
  }
}

}  // namespace
}  // namespace warmstart
