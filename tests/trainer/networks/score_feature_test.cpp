// The feature that is a row's own score, for every network.

#include "trainer/networks/score_feature.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "tests/support/random_model.h"

namespace warmstart {
namespace {

ModelOptions ridge_with(NetworkKind kind) {
  ModelOptions options;
  options.network = {.kind = kind, .embedding = 5, .tower = {6}, .features = 3};
  options.adapt = {.stages = {StageKind::kPrior, StageKind::kRidge}, .score_feature = true};
  return options;
}

Encoding encoding_of(const RandomModel& model) {
  return model.learner.encode(model.learner.batch_parameters(model.tensors), model.tensors, nullptr);
}

TEST(ScoreFeature, IsTheScoreLessWhatAllRowsHaveInCommon) {
  for (const auto kind :
       {NetworkKind::kTwoTower, NetworkKind::kMlp, NetworkKind::kMf, NetworkKind::kContent, NetworkKind::kDeepFm}) {
    const RandomModel model(ridge_with(kind));
    const auto encoding = encoding_of(model);
    const auto& network = model.learner.network();
    ASSERT_EQ(encoding.features().size(1), network.features());
    const auto common = model.parameter(network.score_bias())[-1];
    EXPECT_TRUE(at::allclose(encoding.features().select(1, network.features() - 1), encoding.base().squeeze(1) - common,
                             0.0, 1e-14))
        << nlohmann::json(kind);
  }
}

TEST(ScoreFeature, LeavesTheOtherFeaturesAndWhatRowsAreComparedBy) {
  auto options = ridge_with(NetworkKind::kTwoTower);
  options.adapt.stages.back() = StageKind::kKernel;
  const RandomModel with(options);
  options.adapt.score_feature = false;
  RandomModel without(options);
  for (const auto& parameter : without.learner.parameters().list())
    if (const auto& value = with.parameter(parameter.name); value.sizes() == parameter.value.sizes())
      without.learner.parameters().replace(parameter.name, value);
  const auto more = encoding_of(with), less = encoding_of(without);
  EXPECT_TRUE(at::equal(more.features().narrow(1, 0, 3), less.features()));
  EXPECT_TRUE(at::equal(more.base(), less.base()));
  EXPECT_TRUE(at::equal(more.parts().at("kernel.points"), less.parts().at("kernel.points")));
}

TEST(ScoreFeature, IsOfClosedFormsAlone) {
  auto options = ridge_with(NetworkKind::kTwoTower);
  EXPECT_EQ(RandomModel(options).learner.network().features(), 4);
  options.adapt.stages.back() = StageKind::kSteps;
  EXPECT_EQ(RandomModel(options).learner.network().features(), 3);
}

}  // namespace
}  // namespace warmstart
