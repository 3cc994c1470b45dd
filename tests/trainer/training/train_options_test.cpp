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
  EXPECT_EQ(measure_of_validation({}, ObjectiveKind::kHuber), Measure{MeasureKind::kMae});
  EXPECT_EQ(measure_of_validation({}, ObjectiveKind::kPoisson), Measure{MeasureKind::kPoissonDeviance});
  EXPECT_EQ(measure_of_validation({}, ObjectiveKind::kClasses), Measure{MeasureKind::kAccuracy});
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

// Of train.outer = reptile or averaging, with a model that goes with both but for `change`.
template <typename Change>
std::string refusal_of(OuterUpdate update, const Change& change) {
  OuterOptions outer = {.update = update};
  ModelOptions model;
  model.adapt.stages = {StageKind::kSteps};
  model.adapt.inner = {.scope = Scope::kAll, .rates = InnerRates::kFixed};
  change(model, outer);
  try {
    check(outer, 2.0, model);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "";
}

// Of classes, tasks without `prior` start from a head of zeros, which a joint part would not move.
TEST(Schedule, RefusesAJointPartOfClassesThatAllScoreTheSame) {
  ModelOptions model;
  model.objective.kind = ObjectiveKind::kClasses;
  model.adapt.stages = {StageKind::kRidge};
  OuterOptions outer = {.schedule = {"joint:1", "meta:1"}};
  EXPECT_THROW(check(outer, 2.0, model), UsageError);
  model.adapt.stages = {StageKind::kPrior, StageKind::kRidge};
  check(outer, 2.0, model);
  model.adapt.stages = {StageKind::kSteps};
  check(outer, 2.0, model);
  model.adapt.stages = {StageKind::kRidge};
  outer.schedule = {};
  check(outer, 2.0, model);
}

TEST(OuterUpdate, RefusesWhatInnerStepsCannotMoveWithTheRemedy) {
  for (const auto update : {OuterUpdate::kReptile, OuterUpdate::kAveraging}) {
    const auto expect_refused = [&](const std::string& remedy, const auto& change) {
      const auto refusal = refusal_of(update, change);
      EXPECT_NE(refusal.find(remedy), std::string::npos) << refusal;
    };
    EXPECT_EQ(refusal_of(update, [](auto&, auto&) {}), "");
    expect_refused("set inner.rates = fixed",
                   [](auto& model, auto&) { model.adapt.inner.rates = InnerRates::kPerLayer; });
    expect_refused("end with steps", [](auto& model, auto&) { model.adapt.stages = {StageKind::kPrior}; });
    expect_refused("end with steps", [](auto& model, auto&) { model.adapt.inner.steps = 0; });
    expect_refused("set adapt.readout = linear",
                   [](auto& model, auto&) { model.adapt.readout = ReadoutKind::kMatching; });
    expect_refused("knows neither inner.warp", [](auto& model, auto&) { model.adapt.inner.warp = true; });
    expect_refused("to learn adapt.modulation by", [](auto& model, auto&) { model.adapt.modulation = true; });
    expect_refused("set it to 0", [](auto& model, auto&) { model.adapt.no_support = 0.1; });
    expect_refused("set inner.scope = all", [](auto& model, auto&) { model.adapt.inner.scope = Scope::kHead; });
    EXPECT_EQ(refusal_of(update,
                         [](auto& model, auto& outer) {
                           model.adapt.inner.scope = Scope::kHead;
                           outer.schedule = {"joint:1", "meta:1"};
                         }),
              "");
  }
  const auto with_prior = [](auto& model, auto&) { model.adapt.stages = {StageKind::kPrior, StageKind::kSteps}; };
  EXPECT_EQ(refusal_of(OuterUpdate::kReptile, with_prior), "");
  EXPECT_NE(refusal_of(OuterUpdate::kAveraging, with_prior).find("set adapt.stages = steps"), std::string::npos);
}

}  // namespace
}  // namespace warmstart
