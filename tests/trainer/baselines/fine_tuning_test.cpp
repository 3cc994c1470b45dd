#include "trainer/baselines/fine_tuning.h"

#include <gtest/gtest.h>

#include "base/errors.h"
#include "cluster/self_communicator.h"
#include "tests/support/small_dataset.h"
#include "tests/support/temporary_folder.h"

namespace warmstart {
namespace {

ModelOptions without_steps() {
  ModelOptions options;
  options.adapt.stages = {StageKind::kPrior, StageKind::kSteps};
  options.adapt.inner.steps = 0;
  return options;
}

class FineTuningTest : public testing::Test {
 protected:
  FineTuningTest() : dataset(ingest_small_dataset(folder.path()).dataset, true) {}
  std::unique_ptr<Learner> joint(const ModelOptions& options) const {
    auto model = std::make_unique<Learner>(dataset.schema(), options, 1);
    model->start_from(3.0, {});
    return model;
  }
  FineTuned tuned(const ModelOptions& options, const Measure& measure) const {
    return fine_tune(*joint(options), 3, validation, measure);
  }

  TemporaryFolder folder;
  Dataset dataset;
  SelfCommunicator alone;
  Evaluation validation{dataset, Split::kValidation, {.support = {"5"}, .query = 6}, alone};
};

TEST_F(FineTuningTest, ChoosesTheRateAndKappaByTheMeasure) {
  const auto by_error = tuned(without_steps(), Measure{MeasureKind::kMae}),
             by_order = tuned(without_steps(), Measure{MeasureKind::kNdcg, 5});
  const auto value = [&](const FineTuned& tuned, const Measure& measure) {
    return validation.mean(*tuned.model, measure);
  };
  EXPECT_LT(value(by_error, Measure{MeasureKind::kMae}), value(by_order, Measure{MeasureKind::kMae}));
  EXPECT_GT(value(by_order, Measure{MeasureKind::kNdcg, 5}), value(by_error, Measure{MeasureKind::kNdcg, 5}));
}

TEST_F(FineTuningTest, AdaptsAModelThatWasTrainedWithoutTheStageSteps) {
  ModelOptions options;
  options.adapt.stages = {StageKind::kPrior};
  check_joint(options);
  const auto adapted = tuned(options, Measure{MeasureKind::kMae});
  EXPECT_LT(validation.mean(*adapted.model, Measure{MeasureKind::kMae}),
            validation.mean(*joint(options), Measure{MeasureKind::kMae}));
}

TEST_F(FineTuningTest, AModelOfFixedRatesTakesAnyNumberOfItsSteps) {
  auto options = without_steps();
  options.adapt.inner = {.steps = 2, .rates = InnerRates::kFixed};
  const auto model = joint(options);
  const Measure measure = {MeasureKind::kMae};
  const auto error = [&](int steps) { return validation.mean(*with_inner_steps(*model, steps), measure); };
  EXPECT_EQ(error(2), validation.mean(*model, measure));
  EXPECT_EQ(error(0), validation.mean(*joint(without_steps()), measure));
  EXPECT_NE(error(1), error(2));
  options.adapt.inner.rates = InnerRates::kPerLayer;
  EXPECT_THROW(with_inner_steps(*joint(options), 1), UsageError);
}

TEST(FineTuning, RefusesAModelThatTakesInnerSteps) {
  EXPECT_NO_THROW(check_joint(without_steps()));
  EXPECT_THROW(check_joint({}), UsageError);
  auto compares = without_steps();
  compares.adapt.readout = ReadoutKind::kMatching;
  EXPECT_THROW(check_joint(compares), UsageError);
}

}  // namespace
}  // namespace warmstart
