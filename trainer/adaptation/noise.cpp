#include "trainer/adaptation/noise.h"

#include <ATen/ATen.h>

#include "trainer/arithmetic/by_element.h"
#include "trainer/layers/initialiser.h"
#include "trainer/layers/linear.h"

namespace warmstart {
namespace {

constexpr double kShape = 3.0, kRate = 2.0;  // where the prior starts

}  // namespace

void add_noise(std::int64_t inputs, Parameters& parameters) {
  parameters.add("noise.rows.weight", ParameterGroup::kNetwork, {1, inputs}, Initialiser::zeros({1, inputs}));
  parameters.add("noise.rows.bias", ParameterGroup::kInner, {1}, Initialiser::before_softplus({1}, 1.0));
  parameters.add("noise.unknown", ParameterGroup::kInner, {}, Initialiser::zeros({}));
  parameters.add("noise.shape", ParameterGroup::kInner, {}, Initialiser::before_softplus({}, kShape));
  parameters.add("noise.rate", ParameterGroup::kInner, {}, Initialiser::before_softplus({}, kRate));
}

bool has_noise(const BatchParameters& parameters) { return parameters.contains("noise.shape"); }

Noise noise_of(const BatchParameters& parameters, const at::Tensor& row_counts, const at::Tensor& unexplained) {
  const auto prior = [&](const char* name) {
    return parameters.for_tasks(softplus_by_element(parameters[name]), row_counts.size(0)).view({-1, 1, 1});
  };
  // Rounding may have made next to nothing unexplained negative.
  return {1.0 + prior("noise.shape") + row_counts.unsqueeze(2) / 2.0,
          prior("noise.rate") + unexplained.clamp_min(0.0) / 2.0};
}

at::Tensor row_noise_part(const BatchParameters& parameters, const at::Tensor& inputs, const Rows& rows) {
  return linear(parameters, kRowNoise, inputs) +
         rows.unknown_keys() * rows.of_microbatches(parameters["noise.unknown"].unsqueeze(1));
}

}  // namespace warmstart
