#include "trainer/baselines/fine_tuning.h"

#include <limits>

namespace warmstart {
namespace {

constexpr double kRates[] = {0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0, 1.5, 2.0};
constexpr double kKappas[] = {0.0, 5.0, 20.0};

std::unique_ptr<Learner> with_steps(const Learner& joint, int steps, double rate, double kappa) {
  auto options = joint.options();
  options.adapt.inner = {
      .steps = steps, .scope = Scope::kHead, .rates = InnerRates::kFixed, .rate = rate, .kappa = kappa, .pull = 0.0};
  auto model = std::make_unique<Learner>(joint.schema(), options, 0);
  model->parameters().flat().copy_(joint.parameters().flat());
  return model;
}

}  // namespace

FineTuned fine_tune(const Learner& joint, int steps, const Evaluation& validation) {
  double best_error = std::numeric_limits<double>::infinity(), best_rate = kRates[0], best_kappa = kKappas[0];
  for (const double kappa : kKappas) {
    for (const double rate : kRates) {
      const double error = validation.mean_absolute_error(*with_steps(joint, steps, rate, kappa));
      if (error < best_error) std::tie(best_error, best_rate, best_kappa) = std::tie(error, rate, kappa);
    }
  }
  return {with_steps(joint, steps, best_rate, best_kappa), best_rate, best_kappa};
}

}  // namespace warmstart
