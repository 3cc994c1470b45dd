#include "trainer/baselines/fine_tuning.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <tuple>

#include "base/errors.h"

namespace warmstart {
namespace {

constexpr double kRates[] = {0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0, 1.5, 2.0};
constexpr double kKappas[] = {0.0, 5.0, 20.0};

bool has_steps(const AdaptOptions& options) {
  return std::find(options.stages.begin(), options.stages.end(), StageKind::kSteps) != options.stages.end();
}

std::unique_ptr<Learner> with_parameters_of(const Learner& model, const ModelOptions& options) {
  const TableHome home = {.copied = model.copied_tables()};
  auto made = std::make_unique<Learner>(model.schema(), options, 0, make_network, home);
  made->parameters().flat().copy_(model.parameters().flat());
  return made;
}

std::unique_ptr<Learner> with_steps(const Learner& joint, int steps, double rate, double kappa) {
  auto options = joint.options();
  if (!has_steps(options.adapt)) options.adapt.stages.push_back(StageKind::kSteps);
  options.adapt.inner = {
      .steps = steps, .scope = Scope::kHead, .rates = InnerRates::kFixed, .rate = rate, .kappa = kappa, .pull = 0.0};
  return with_parameters_of(joint, options);
}

}  // namespace

void check_joint(const ModelOptions& options) {
  for (const auto stage : options.adapt.stages) {
    const bool adapts = stage == StageKind::kSteps ? options.adapt.inner.steps > 0 : stage != StageKind::kPrior;
    require(!adapts, fmt::format("evaluate.joint: its model adapts by {}, and a jointly trained one does not; train it "
                                 "with adapt.stages = prior",
                                 to_text(stage)));
  }
  require(
      options.adapt.readout == ReadoutKind::kLinear,
      fmt::format("evaluate.joint: its model adapts by adapt.readout = {}, and a jointly trained one does not; train "
                  "it with adapt.readout = linear",
                  to_text(options.adapt.readout)));
  require(!options.adapt.inner.warp,
          "evaluate.joint: its model has warp layers, and a jointly trained one does not; train it without inner.warp");
}

FineTuned fine_tune(const Learner& joint, int steps, const Evaluation& validation, Measure measure) {
  std::optional<double> best;
  double best_rate = kRates[0], best_kappa = kKappas[0];
  for (const double kappa : kKappas) {
    for (const double rate : kRates) {
      const double value = validation.mean(*with_steps(joint, steps, rate, kappa), measure);
      const bool better = best ? is_better(measure, value, *best) : !std::isnan(value);
      if (better) std::tie(best, best_rate, best_kappa) = std::tie(value, rate, kappa);
    }
  }
  return {with_steps(joint, steps, best_rate, best_kappa), best_rate, best_kappa};
}

std::unique_ptr<Learner> with_inner_steps(const Learner& model, int steps) {
  auto options = model.options();
  require(
      has_steps(options.adapt) && options.adapt.inner.rates == InnerRates::kFixed,
      "evaluate.inner-steps is for models with the stage steps and inner.rates = fixed: other rates are learned for "
      "each step");
  options.adapt.inner.steps = steps;
  return with_parameters_of(model, options);
}

}  // namespace warmstart
