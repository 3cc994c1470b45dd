// Every network, objective and chain of stages with inner steps, in every scope and both orders, is exact.

#include "tests/support/exact_meta_gradient.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "trainer/learner/methods.h"

namespace warmstart {
namespace {

struct Case {
  ModelOptions options;
  std::string name;
};

template <typename Enum>
std::string text(Enum value) {
  return nlohmann::json(value).get<std::string>();
}

Case make_case(NetworkKind network, std::vector<StageKind> stages, ObjectiveKind objective, Scope scope, int steps,
               bool second_order) {
  ModelOptions options;
  options.network = {.kind = network, .embedding = 5, .tower = {6, 4}, .features = 3};
  options.objective.kind = objective;
  options.adapt.stages = std::move(stages);
  options.adapt.prior = 4;
  options.adapt.inner = {.steps = steps, .scope = scope, .second_order = second_order};
  auto name = text(network);
  for (const auto stage : options.adapt.stages) name += "_" + text(stage);
  name +=
      "_" + text(objective) + "_" + text(scope) + "_K" + std::to_string(steps) + (second_order ? "_second" : "_first");
  std::replace(name.begin(), name.end(), '-', '_');
  return {options, name};
}

std::vector<Case> cases() {
  using enum StageKind;
  std::vector<Case> all;
  for (const auto network : {NetworkKind::kTwoTower, NetworkKind::kMlp, NetworkKind::kMf})
    for (const auto& stages : {std::vector{kPrior, kSteps}, std::vector{kSteps}, std::vector{kPrototypes, kSteps}})
      for (const auto objective : {ObjectiveKind::kSquared, ObjectiveKind::kBinary})
        for (const auto scope : {Scope::kHead, Scope::kDense, Scope::kAll})
          for (const int steps : {1, 2, 3})
            for (const bool second_order : {true, false}) {
              auto made = make_case(network, stages, objective, scope, steps, second_order);
              if (!refusal_of(made.options)) all.push_back(std::move(made));
            }
  return all;
}

class ExactMetaGradient : public testing::TestWithParam<Case> {};

TEST_P(ExactMetaGradient, EqualsAutogradThroughExplicitWeights) { expect_exact_meta_gradient(GetParam().options); }

INSTANTIATE_TEST_SUITE_P(All, ExactMetaGradient, testing::ValuesIn(cases()),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace warmstart
