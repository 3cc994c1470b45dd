// Every network, objective and chain of stages with inner steps, in every scope and both orders, is exact.

#include "tests/support/exact_meta_gradient.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/support/tried_methods.h"

namespace warmstart {
namespace {

struct Chain {
  NetworkKind network;
  std::vector<StageKind> stages;
  ReadoutKind readout;
  bool operator==(const Chain&) const = default;
};

// Those of `warmstart methods` that take inner steps.
std::vector<Chain> chains() {
  std::vector<Chain> all;
  for (const auto& method : tried_methods()) {
    const Chain chain = {method.network.kind, method.adapt.stages, method.adapt.readout};
    const auto& stages = chain.stages;
    const bool steps = std::find(stages.begin(), stages.end(), StageKind::kSteps) != stages.end();
    if (steps && std::find(all.begin(), all.end(), chain) == all.end()) all.push_back(chain);
  }
  return all;
}

std::string name_of_chain(const testing::TestParamInfo<Chain>& info) {
  auto name = to_text(info.param.network);
  for (const auto stage : info.param.stages) name += "_" + to_text(stage);
  if (info.param.readout != ReadoutKind::kLinear) name += "_" + to_text(info.param.readout);
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

ModelOptions with_small_layers(ModelOptions options) {
  options.network = {.kind = options.network.kind, .embedding = 5, .tower = {6, 4}, .features = 3};
  options.objective.classes = 3;
  options.adapt.prior = options.adapt.encoder = options.adapt.recurrent = options.adapt.task_memory = 4;
  return options;
}

// Every combination with a chain that goes together; other kinds of rates than the default with two steps.
std::vector<ModelOptions> methods_with(const Chain& chain) {
  std::vector<ModelOptions> methods;
  const auto add = [&](const ModelOptions& method, InnerOptions inner) {
    auto options = with_small_layers(method);
    inner.scope = options.adapt.inner.scope;
    options.adapt.inner = inner;
    methods.push_back(options);
  };
  for (const auto& method : tried_methods()) {
    if (Chain{method.network.kind, method.adapt.stages, method.adapt.readout} != chain) continue;
    for (const int steps : {1, 2, 3})
      for (const bool second_order : {true, false}) add(method, {.steps = steps, .second_order = second_order});
    for (const auto rates : {InnerRates::kFixed, InnerRates::kPerLayer}) add(method, {.steps = 2, .rates = rates});
  }
  return methods;
}

class ExactMetaGradient : public testing::TestWithParam<Chain> {};

TEST_P(ExactMetaGradient, EqualsAutogradThroughExplicitWeights) {
  const auto methods = methods_with(GetParam());
  EXPECT_GE(methods.size(), 8u);
  for (const auto& options : every_step_of(methods)) {
    const auto& inner = options.adapt.inner;
    SCOPED_TRACE(name_of(options) + ", K = " + std::to_string(inner.steps) + ", rates " + to_text(inner.rates) +
                 (inner.second_order ? "" : ", first order"));
    expect_exact_meta_gradient(options);
  }
}

TEST_P(ExactMetaGradient, ChangesAreThoseOfExplicitSteps) {
  auto methods = methods_with(GetParam());
  std::erase_if(methods, [](const ModelOptions& options) {
    return options.adapt.inner.rates != InnerRates::kFixed || options.adapt.readout != ReadoutKind::kLinear;
  });
  for (auto options : every_step_of(methods)) {
    SCOPED_TRACE(name_of(options));
    expect_exact_change(options);
    options.adapt.inner.form = Form::kWeights;
    expect_exact_change(options);
  }
}

// Without steps a stage meets itself there, one task at a time without padding, and the kernel and readouts their
// equations.
TEST(ExactMetaGradientOfClasses, EqualsThatOfEachTaskAlone) {
  int tried = 0;
  for (const auto& method : tried_methods()) {
    const auto& stages = method.adapt.stages;
    const bool steps = std::find(stages.begin(), stages.end(), StageKind::kSteps) != stages.end();
    if (method.objective.kind != ObjectiveKind::kClasses || steps) continue;
    auto options = with_small_layers(method);
    // The reference knows nothing of these.
    options.adapt.leave_one_out = 0.0;
    options.adapt.wide_input = false;
    options.adapt.inner.steps = 0;
    SCOPED_TRACE(name_of(options));
    expect_exact_meta_gradient(options);
    ++tried;
  }
  EXPECT_GE(tried, 8);
}

TEST(ExactMetaGradientOfSettings, EqualsAutogradThroughExplicitWeights) {
  for (auto options : tried_settings()) {
    if (options.adapt.stages.back() != StageKind::kSteps) continue;
    options.network.embedding = 5;
    options.network.tower = {6, 4};
    options.adapt.prior = options.adapt.encoder = options.adapt.recurrent = 4;
    for (const auto objective : {ObjectiveKind::kSquared, ObjectiveKind::kBinary}) {
      for (const bool second_order : {true, false}) {
        options.objective.kind = objective;
        options.adapt.inner.second_order = second_order;
        SCOPED_TRACE(name_of_tried(options) + (second_order ? "" : ", first order"));
        expect_exact_meta_gradient(options);
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, ExactMetaGradient, testing::ValuesIn(chains()), name_of_chain);

}  // namespace
}  // namespace warmstart
