#include "trainer/optimizers/adam.h"

#include <ATen/ATen.h>

#include <cmath>
#include <numbers>

namespace warmstart {

Adam::Adam(const Parameters& parameters, const AdamOptions& options, std::int64_t total_steps)
    : options_(options), total_steps_(total_steps) {
  std::int64_t first = 0;
  for (const auto& parameter : parameters.list()) {
    const auto group = parameter.group;
    const auto size = parameter.value.numel();
    const double l2 = group == ParameterGroup::kEmbedding ? options.embedding_l2
                      : group == ParameterGroup::kNetwork ? options.network_l2
                                                          : 0.0;
    const double rate_factor = group == ParameterGroup::kInner ? options.inner_rate_factor : 1.0;
    if (segments_.empty() || segments_.back().l2 != l2 || segments_.back().rate_factor != rate_factor)
      segments_.push_back({first, 0, l2, rate_factor});
    segments_.back().size += size;
    first += size;
  }
  first_moment_ = at::zeros_like(parameters.flat());
  second_moment_ = at::zeros_like(parameters.flat());
}

double Adam::rate(std::int64_t step) const {
  const double warm = std::min(1.0, static_cast<double>(step + 1) / static_cast<double>(std::max<std::int64_t>(
                                                                        1, warmup_of(options_, total_steps_))));
  const double done = static_cast<double>(step) / static_cast<double>(total_steps_);
  return options_.rate * warm * (0.5 * (1.0 + std::cos(std::numbers::pi * done)) + 0.01);
}

double Adam::clipping(double norm) const {
  return options_.clip_norm > 0.0 && norm > options_.clip_norm ? options_.clip_norm / norm : 1.0;
}

double Adam::step(std::int64_t step, const at::Tensor& gradient, Parameters& parameters, double other_norm) {
  const auto& flat = parameters.flat();
  const double norm = std::hypot(at::linalg_vector_norm(gradient).item<double>(), other_norm);
  if (const auto factor = clipping(norm); factor < 1.0) gradient.mul_(factor);
  const auto count = at::full({}, static_cast<double>(step + 1), flat.options().dtype(at::kFloat));
  for (const auto& [first, size, l2, rate_factor] : segments_) {
    const auto part = [first = first, size = size](const at::Tensor& all) { return all.narrow(0, first, size); };
    at::_fused_adam_({part(flat)}, {part(gradient)}, {part(first_moment_)}, {part(second_moment_)}, {}, {count},
                     rate_factor * rate(step), options_.beta1, options_.beta2, l2, options_.epsilon, /*amsgrad=*/false,
                     /*maximize=*/false);
  }
  return norm;
}

}  // namespace warmstart
