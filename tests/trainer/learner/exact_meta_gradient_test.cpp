// Every network, objective and chain of stages with inner steps, in every scope and both orders, is exact.

#include "tests/support/exact_meta_gradient.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "trainer/learner/methods.h"

namespace warmstart {
namespace {

struct Chain {
  NetworkKind network;
  std::vector<StageKind> stages;
};

template <typename Enum>
std::string text(Enum value) {
  return nlohmann::json(value).get<std::string>();
}

std::vector<Chain> chains() {
  using enum StageKind;
  std::vector<Chain> all;
  for (const auto network : {NetworkKind::kTwoTower, NetworkKind::kMlp, NetworkKind::kMf})
    for (const auto& stages : {std::vector{kPrior, kSteps}, std::vector{kSteps}, std::vector{kPrototypes, kSteps},
                               std::vector{kPrior, kSupportEncoder, kSteps}})
      all.push_back({network, stages});
  return all;
}

std::string name_of_chain(const testing::TestParamInfo<Chain>& info) {
  auto name = text(info.param.network);
  for (const auto stage : info.param.stages) name += "_" + text(stage);
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

// Every combination with a chain that goes together.
std::vector<ModelOptions> methods_with(const Chain& chain) {
  std::vector<ModelOptions> methods;
  for (const auto objective : {ObjectiveKind::kSquared, ObjectiveKind::kBinary})
    for (const auto scope : {Scope::kHead, Scope::kDense, Scope::kAll})
      for (const int steps : {1, 2, 3})
        for (const bool second_order : {true, false}) {
          ModelOptions options;
          options.network = {.kind = chain.network, .embedding = 5, .tower = {6, 4}, .features = 3};
          options.objective.kind = objective;
          options.adapt = {.stages = chain.stages, .prior = 4, .encoder = 4, .inner = {}};
          options.adapt.inner = {.steps = steps, .scope = scope, .second_order = second_order};
          if (!refusal_of(options)) methods.push_back(options);
        }
  return methods;
}

class ExactMetaGradient : public testing::TestWithParam<Chain> {};

TEST_P(ExactMetaGradient, EqualsAutogradThroughExplicitWeights) {
  const auto methods = methods_with(GetParam());
  EXPECT_GE(methods.size(), 12u);
  for (const auto& options : methods) {
    const auto& inner = options.adapt.inner;
    SCOPED_TRACE(name_of(options) + ", K = " + std::to_string(inner.steps) +
                 (inner.second_order ? "" : ", first order"));
    expect_exact_meta_gradient(options);
  }
}

INSTANTIATE_TEST_SUITE_P(All, ExactMetaGradient, testing::ValuesIn(chains()), name_of_chain);

}  // namespace
}  // namespace warmstart
