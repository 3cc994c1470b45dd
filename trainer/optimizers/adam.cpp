#include "trainer/optimizers/adam.h"

#include <ATen/ATen.h>

#include <cmath>
#include <numbers>

namespace warmstart {

Adam::Adam(const Parameters& parameters, const AdamOptions& options, std::int64_t total_steps)
    : options_(options), total_steps_(total_steps) {
  std::vector<at::Tensor> l2, factor;
  for (const auto& parameter : parameters.list()) {
    const auto group = parameter.group;
    const auto size = parameter.value.numel();
    const double penalty = group == ParameterGroup::kEmbedding ? options.embedding_l2
                           : group == ParameterGroup::kNetwork ? options.network_l2
                                                               : 0.0;
    l2.push_back(at::full({size}, penalty, parameters.flat().options()));
    factor.push_back(at::full({size}, group == ParameterGroup::kInner ? options.inner_rate_factor : 1.0,
                              parameters.flat().options()));
  }
  l2_ = at::cat(l2);
  rate_factor_ = at::cat(factor);
  first_moment_ = at::zeros_like(parameters.flat());
  second_moment_ = at::zeros_like(parameters.flat());
}

double Adam::rate(std::int64_t step) const {
  const double warm =
      std::min(1.0, static_cast<double>(step + 1) / static_cast<double>(std::max<std::int64_t>(1, options_.warmup)));
  const double done = static_cast<double>(step) / static_cast<double>(total_steps_);
  return options_.rate * warm * (0.5 * (1.0 + std::cos(std::numbers::pi * done)) + 0.01);
}

double Adam::step(std::int64_t step, const at::Tensor& gradient, Parameters& parameters) {
  auto& flat = parameters.flat();
  const double norm = at::linalg_vector_norm(gradient).item<double>();
  if (options_.clip_norm > 0.0 && norm > options_.clip_norm) gradient.mul_(options_.clip_norm / norm);
  gradient.addcmul_(l2_, flat);
  first_moment_.lerp_(gradient, 1.0 - options_.beta1);
  second_moment_.mul_(options_.beta2).addcmul_(gradient, gradient, 1.0 - options_.beta2);
  const auto steps = static_cast<double>(step + 1);
  const double correction1 = 1.0 - std::pow(options_.beta1, steps), correction2 = 1.0 - std::pow(options_.beta2, steps);
  const auto scale = (second_moment_ / correction2).sqrt_().add_(options_.epsilon);
  flat.addcmul_(rate_factor_, first_moment_ / scale, -rate(step) / correction1);
  return norm;
}

}  // namespace warmstart
