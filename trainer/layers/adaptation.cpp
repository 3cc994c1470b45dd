#include "trainer/layers/adaptation.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>

namespace warmstart {
namespace {

// What softplus maps to `value`: learned rates stay positive.
double before_softplus(double value) { return value + std::log(-std::expm1(-value)); }

at::Tensor raw(at::IntArrayRef shape, double value) { return at::full(shape, before_softplus(value), at::kFloat); }

at::Tensor constant(double value, const Parameters& parameters) {
  return at::full({}, value, parameters.flat().options());
}

std::string rate_name(const std::string& layer, const char* part) { return fmt::format("inner.{}.{}", layer, part); }

}  // namespace

void InnerRule::add_head(std::int64_t features, Parameters& parameters) const {
  if (options_.steps == 0 || !learned()) return;
  const std::int64_t rates = options_.rates == InnerRates::kPerParameter ? features + 1 : 1;
  parameters.add("inner.head.rate", ParameterGroup::kInner, raw({options_.steps, rates}, options_.rate));
  parameters.add("inner.pull", ParameterGroup::kInner, raw({2}, options_.pull));
  parameters.add("inner.kappa", ParameterGroup::kInner, raw({options_.steps}, options_.kappa));
}

void InnerRule::add_layer(const std::string& name, std::int64_t inputs, std::int64_t outputs,
                          Parameters& parameters) const {
  if (options_.steps == 0 || !learned()) return;
  parameters.add(rate_name(name, "rate"), ParameterGroup::kInner, raw({options_.steps}, options_.tower_rate));
  if (options_.rates != InnerRates::kPerParameter) return;
  parameters.add(rate_name(name, "output"), ParameterGroup::kInner, raw({outputs}, 1.0));
  if (inputs == 0) return;  // embeddings: their inputs are ids
  parameters.add(rate_name(name, "input"), ParameterGroup::kInner, raw({inputs}, 1.0));
  parameters.add(rate_name(name, "bias"), ParameterGroup::kInner, raw({}, 1.0));
}

at::Tensor InnerRule::head_rate(int step, const Parameters& parameters) const {
  if (!learned()) return constant(options_.rate, parameters);
  return at::softplus(parameters["inner.head.rate"][step]);
}

at::Tensor InnerRule::pull(const Parameters& parameters) const {
  if (!learned()) return constant(options_.pull, parameters).expand({2});
  return at::softplus(parameters["inner.pull"]);
}

at::Tensor InnerRule::scale(int step, const at::Tensor& rows, const Parameters& parameters) const {
  const auto kappa = learned() ? at::softplus(parameters["inner.kappa"][step]) : constant(options_.kappa, parameters);
  // The floor is for tasks without support rows, whose steps are zero anyway.
  return at::reciprocal(at::clamp_min(rows + kappa, 1e-6));
}

LayerRates InnerRule::layer(const std::string& name, int step, const Parameters& parameters) const {
  LayerRates rates;
  rates.step =
      learned() ? at::softplus(parameters[rate_name(name, "rate")][step]) : constant(options_.tower_rate, parameters);
  const auto part = [&](const char* part) {
    const auto found = rate_name(name, part);
    return parameters.contains(found) ? at::softplus(parameters[found]) : at::Tensor();
  };
  rates.input = part("input");
  rates.bias = part("bias");
  rates.output = part("output");
  return rates;
}

void EmbeddingMemory::add(const at::Tensor& gradients, const at::Tensor& scale, const LayerRates& rates) {
  auto values = gradients * (scale * -rates.step);
  if (rates.output.defined()) values = values * rates.output;
  values_ = values_.defined() ? values_ + values : values;
}

at::Tensor EmbeddingMemory::forward(const at::Tensor& same_ids, at::Tensor shared) const {
  return values_.defined() ? at::baddbmm(shared, same_ids, values_) : shared;
}

}  // namespace warmstart
