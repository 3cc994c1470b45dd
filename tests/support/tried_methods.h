#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <string>
#include <vector>

#include "trainer/learner/methods.h"

namespace warmstart {

// What tests of every method go through: all of `warmstart methods` with squared and binary objectives, and of the
// others, which differ in nothing that a network sees, those with one network.
inline std::vector<ModelOptions> tried_methods() {
  auto methods = all_methods();
  std::erase_if(methods, [](const ModelOptions& method) {
    const auto objective = method.objective.kind;
    const bool is_first = objective == ObjectiveKind::kSquared || objective == ObjectiveKind::kBinary;
    return !is_first && method.network.kind != NetworkKind::kTwoTower;
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
