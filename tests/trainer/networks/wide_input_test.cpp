// What stages compare rows by, for every network: its input and its features.

#include "trainer/networks/wide_input.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "tests/support/random_model.h"

namespace warmstart {
namespace {

constexpr const char* kPoints = "kernel.points.weight";

ModelOptions kernel_with(NetworkKind kind, bool wide_input) {
  ModelOptions options;
  options.network = {.kind = kind, .embedding = 5, .tower = {6}, .features = 3};
  options.adapt = {.stages = {StageKind::kPrior, StageKind::kKernel},
                   .likelihood = 0.0,
                   .score_feature = false,
                   .wide_input = wide_input};
  return options;
}

Encoding encoding_by(const RandomModel& model) {
  return model.learner.encode(model.learner.batch_parameters(model.tensors), model.tensors, nullptr);
}

TEST(WideInput, HasTheFeaturesBehindTheNetworksOwn) {
  for (const auto kind : {NetworkKind::kTwoTower, NetworkKind::kMlp, NetworkKind::kContent, NetworkKind::kDeepFm}) {
    const RandomModel wide(kernel_with(kind, true));
    RandomModel narrow(kernel_with(kind, false));
    const auto own = *narrow.learner.network().inputs(), features = narrow.learner.network().features();
    ASSERT_EQ(*wide.learner.network().inputs(), own + features) << nlohmann::json(kind);
    const auto points = wide.parameter(kPoints);
    for (const auto& parameter : narrow.learner.parameters().list())
      narrow.learner.parameters().replace(parameter.name, parameter.name == kPoints ? points.narrow(1, 0, own).clone()
                                                                                    : wide.parameter(parameter.name));
    const auto of_wide = encoding_by(wide), of_narrow = encoding_by(narrow);
    const auto of_features = at::matmul(of_narrow.features(), points.narrow(1, own, features).t());
    EXPECT_GT(of_features.abs().min().item<double>(), 0.0);
    EXPECT_TRUE(at::allclose(of_wide.parts().at("kernel.points"), of_narrow.parts().at("kernel.points") + of_features,
                             1e-12, 1e-14))
        << nlohmann::json(kind);
    EXPECT_TRUE(at::equal(of_wide.features(), of_narrow.features()));
  }
}

TEST(WideInput, LeavesANetworkWithoutAnInputOfItsOwn) {
  for (const bool wide : {false, true}) {
    const RandomModel model(kernel_with(NetworkKind::kMf, wide));
    EXPECT_EQ(model.parameter(kPoints).size(1), model.learner.network().features()) << wide;
  }
}

TEST(WideInput, IsOfTheKernelAlone) {
  auto options = kernel_with(NetworkKind::kTwoTower, true);
  EXPECT_EQ(RandomModel(options).learner.network().inputs(), 8);
  options.adapt.stages.back() = StageKind::kRidge;
  EXPECT_EQ(RandomModel(options).learner.network().inputs(), 5);
}

}  // namespace
}  // namespace warmstart
