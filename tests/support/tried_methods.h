#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <string>
#include <vector>

#include "trainer/learner/methods.h"

namespace warmstart {

// The chains that are tried with classes where the readout is linear.
inline bool is_for_classes(const std::vector<StageKind>& stages) {
  using enum StageKind;
  static const std::vector<std::vector<StageKind>> chains = {{kSteps},
                                                             {kPrototypes, kSteps},
                                                             {kRidge},
                                                             {kKernel},
                                                             {kSupportEncoder},
                                                             {kPrior, kSupportEncoder, kSteps},
                                                             {kPrior, kSupportEncoder, kRidge},
                                                             {kPrior, kSupportEncoder, kKernel},
                                                             {kGru},
                                                             {kPrior, kGru, kSteps},
                                                             {kPrior, kLstm},
                                                             {kPrior, kLstm, kSteps},
                                                             {kPrior, kTaskMemory, kSteps},
                                                             {kPrior, kTaskMemory, kRidge}};
  return std::find(chains.begin(), chains.end(), stages) != chains.end();
}

// What tests of every method go through: with one network, all of `warmstart methods`; with the others, whose forward
// pass is all that differs, inner steps in every scope and one closed form, which reads their rows' inputs.  Objectives
// that rank rows go with inner steps and with the encoder, and not with the prior or a shared start alone and with
// encoder and steps together, where their gradient meets nothing else.  Readouts that compare rows go with the prior,
// for two objectives, and with inner steps, for one; with classes, with inner steps and without a stage, in full
// context or not.  Classes go with each stage, with inner steps behind it or not.
inline std::vector<ModelOptions> tried_methods() {
  using enum StageKind;
  auto methods = all_methods();
  std::erase_if(methods, [](const ModelOptions& method) {
    const auto objective = method.objective.kind;
    const auto& stages = method.adapt.stages;
    const bool is_for_ranking = stages == std::vector{kPrior, kSteps} || stages == std::vector{kPrior, kSupportEncoder};
    if (ranks(objective) && !is_for_ranking) return true;
    const bool is_linear = method.adapt.readout == ReadoutKind::kLinear,
               of_classes = objective == ObjectiveKind::kClasses;
    if (of_classes && is_linear && !is_for_classes(stages)) return true;
    const bool is_first = objective == ObjectiveKind::kSquared || objective == ObjectiveKind::kBinary;
    const bool is_of_each_network =
        stages == std::vector{kPrior, kSteps} || stages == std::vector{kPrior, kSupportEncoder, kKernel};
    const bool is_with_steps = objective == ObjectiveKind::kSquared && stages == std::vector{kPrior, kSteps};
    const bool is_for_comparing = (is_first && stages == std::vector{kPrior}) || is_with_steps ||
                                  (of_classes && (stages.empty() || stages == std::vector{kPrior, kSteps}));
    if (!is_linear && !is_for_comparing) return true;
    return method.network.kind != NetworkKind::kTwoTower && !(is_first && is_linear && is_of_each_network);
  });
  return methods;
}

// What the table does not tell apart: what inner steps learn beside the rates that every method is tried with, and
// gains and shifts of layers.  One method for each.
inline std::vector<ModelOptions> tried_settings() {
  using enum StageKind;
  std::vector<ModelOptions> methods;
  const auto add = [&](Scope scope, InnerOptions inner) {
    ModelOptions options;
    options.network.kind = NetworkKind::kMlp;
    options.adapt.stages = {kPrior, kSteps};
    options.adapt.inner = inner;
    options.adapt.inner.scope = scope;
    methods.push_back(options);
  };
  add(Scope::kHead, {.rates = InnerRates::kKronecker});
  add(Scope::kAll, {.rates = InnerRates::kKronecker});
  add(Scope::kDense, {.warp = true});
  add(Scope::kAll, {.tower_pull = 0.7});
  add(Scope::kDense, {.rates = InnerRates::kFixed, .tower_pull = 0.7, .form = Form::kWeights});
  add(Scope::kAll, {.rates = InnerRates::kElementwise, .tower_pull = 0.7, .form = Form::kWeights});
  const auto add_modulated = [&](std::vector<StageKind> stages, Scope scope) {
    add(scope, {});
    methods.back().adapt.stages = std::move(stages);
    methods.back().adapt.modulation = true;
  };
  add_modulated({kPrior, kSteps}, Scope::kHead);
  add_modulated({kPrior, kSupportEncoder, kSteps}, Scope::kAll);
  add_modulated({kLstm, kSteps}, Scope::kDense);
  add_modulated({kPrior, kRidge}, Scope::kHead);
  const auto add_weighted = [&](std::vector<StageKind> stages) {
    add(Scope::kHead, {});
    methods.back().adapt.stages = std::move(stages);
    methods.back().adapt.row_noise = true;
  };
  add_weighted({kPrior, kRidge});
  add_weighted({kPrior, kSupportEncoder, kKernel});
  return methods;
}

// A method with a network that takes no time.
inline ModelOptions small_method(ModelOptions options) {
  options.network.embedding = 6;
  options.network.tower = {5};
  options.network.features = 4;
  options.objective.classes = 3;
  options.adapt.prior = 3;
  options.adapt.encoder = 4;
  options.adapt.recurrent = 4;
  options.adapt.task_memory = 3;
  options.adapt.kernel = 3;
  options.adapt.inner.steps = 2;
  return options;
}

// Those with one output, which can be served and explained.
inline std::vector<ModelOptions> served_methods() {
  auto methods = tried_methods();
  std::erase_if(methods, [](const auto& method) { return method.objective.kind == ObjectiveKind::kClasses; });
  return methods;
}

// One in WARMSTART_METHODS_STEP of them, which is set where each takes many times as long; all without it.
template <typename Tried>
std::vector<Tried> every_step_of(const std::vector<Tried>& all) {
  const char* text = std::getenv("WARMSTART_METHODS_STEP");
  const std::size_t step = text ? std::stoul(text) : 1;
  std::vector<Tried> some;
  some.reserve(all.size() / step + 1);
  for (std::size_t i = 0; i < all.size(); i += step) some.push_back(all[i]);
  return some;
}

// Those of tried_methods() and tried_settings() differ.
inline std::string name_of_tried(const ModelOptions& method) {
  const auto& inner = method.adapt.inner;
  auto name = name_of(method);
  if (inner.rates != InnerOptions().rates) name += ", " + to_text(inner.rates);
  if (inner.warp) name += ", warp";
  if (inner.tower_pull > 0.0) name += ", pull";
  if (method.adapt.modulation) name += ", modulation";
  if (method.adapt.row_noise) name += ", row noise";
  return name;
}

inline std::string test_name_of_method(const testing::TestParamInfo<ModelOptions>& info) {
  auto name = name_of_tried(info.param);
  std::replace_if(
      name.begin(), name.end(), [](char c) { return !std::isalnum(c); }, '_');
  return name;
}

}  // namespace warmstart
