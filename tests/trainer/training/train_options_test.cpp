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
  EXPECT_EQ(measure_of_validation({}, ObjectiveKind::kSquared), Measure{MeasureKind::kMae});
  EXPECT_EQ(measure_of_validation({}, ObjectiveKind::kBinary), Measure{MeasureKind::kLogLoss});
  EXPECT_EQ(measure_of_validation({}, ObjectiveKind::kPairwise), (Measure{MeasureKind::kNdcg, 5}));
  EXPECT_EQ(measure_of_validation({}, ObjectiveKind::kListwise), (Measure{MeasureKind::kNdcg, 5}));
}

TEST(MeasureOfValidation, OfAnOrderIsNoneOfValues) {
  const Measure ndcg = {MeasureKind::kNdcg, 1};
  EXPECT_EQ(measure_of_validation(judged_by(ndcg), ObjectiveKind::kPairwise), ndcg);
  for (const auto kind : {MeasureKind::kMae, MeasureKind::kMse, MeasureKind::kRmse, MeasureKind::kLogLoss,
                          MeasureKind::kCalibrationError}) {
    const Measure measure = {kind};
    EXPECT_EQ(measure_of_validation(judged_by(measure), ObjectiveKind::kBinary), measure);
    EXPECT_THROW(measure_of_validation(judged_by(measure), ObjectiveKind::kListwise), UsageError);
  }
}

}  // namespace
}  // namespace warmstart
