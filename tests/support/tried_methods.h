#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <string>
#include <vector>

#include "trainer/learner/methods.h"

namespace warmstart {

// What tests of every method go through: with one network, all of `warmstart methods`; with the others, whose forward
// pass is all that differs, inner steps in every scope and one closed form, which reads their rows' inputs.
inline std::vector<ModelOptions> tried_methods() {
  using enum StageKind;
  auto methods = all_methods();
  std::erase_if(methods, [](const ModelOptions& method) {
    const auto objective = method.objective.kind;
    const auto& stages = method.adapt.stages;
    const bool is_first = objective == ObjectiveKind::kSquared || objective == ObjectiveKind::kBinary;
    const bool is_of_each_network =
        stages == std::vector{kPrior, kSteps} || stages == std::vector{kPrior, kSupportEncoder, kKernel};
    return method.network.kind != NetworkKind::kTwoTower && !(is_first && is_of_each_network);
  });
  return methods;
}

// A method with a network that takes no time.
inline ModelOptions small_method(ModelOptions options) {
  options.network.embedding = 6;
  options.network.tower = {5};
  options.network.features = 4;
  options.adapt.prior = 3;
  options.adapt.encoder = 4;
  options.adapt.recurrent = 4;
  options.adapt.task_memory = 3;
  options.adapt.kernel = 3;
  options.adapt.inner.steps = 2;
  options.adapt.inner.rates = InnerRates::kPerParameter;
  options.adapt.inner.second_order = true;
  return options;
}

// One of so many of them.
inline std::vector<ModelOptions> every_tried_method(std::size_t step) {
  const auto all = tried_methods();
  std::vector<ModelOptions> some;
  for (std::size_t i = 0; i < all.size(); i += step) some.push_back(all[i]);
  return some;
}

inline std::string test_name_of_method(const testing::TestParamInfo<ModelOptions>& info) {
  auto name = name_of(info.param);
  std::replace_if(
      name.begin(), name.end(), [](char c) { return !std::isalnum(c); }, '_');
  return name;
}

}  // namespace warmstart
