#include "trainer/layers/inner_rule.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>

namespace warmstart {
namespace {

// What softplus maps to `value`: learned rates stay positive.
double before_softplus(double value) { return value + std::log(-std::expm1(-value)); }

std::string rate_name(const std::string& layer, const char* part) { return fmt::format("inner.{}.{}", layer, part); }

void add_raw(Parameters& parameters, const std::string& name, std::vector<std::int64_t> sizes, double value) {
  parameters.add(name, ParameterGroup::kInner, sizes,
                 [=] { return at::full(sizes, before_softplus(value), at::kFloat); });
}

}  // namespace

void InnerRule::add_head(std::int64_t features) const {
  if (options_.steps == 0 || !learned()) return;
  const std::int64_t rates = options_.rates == InnerRates::kPerParameter ? features + 1 : 1;
  add_raw(parameters_, "inner.head.rate", {options_.steps, rates}, options_.rate);
  add_raw(parameters_, "inner.pull", {2}, options_.pull);
  add_raw(parameters_, "inner.kappa", {options_.steps}, options_.kappa);
}

void InnerRule::add_layer(const std::string& name, std::int64_t inputs, std::int64_t outputs) const {
  if (options_.steps == 0 || !learned()) return;
  add_raw(parameters_, rate_name(name, "rate"), {options_.steps}, options_.tower_rate);
  if (options_.rates != InnerRates::kPerParameter) return;
  add_raw(parameters_, rate_name(name, "output"), {outputs}, 1.0);
  if (inputs == 0) return;  // embeddings: their inputs are ids
  add_raw(parameters_, rate_name(name, "input"), {inputs}, 1.0);
  add_raw(parameters_, rate_name(name, "bias"), {}, 1.0);
}

at::Tensor InnerRule::constant(double value) const { return at::full({}, value, parameters_.flat().options()); }

at::Tensor InnerRule::head_rate(int step) const {
  if (!learned()) return constant(options_.rate);
  return at::softplus(parameters_["inner.head.rate"][step]);
}

at::Tensor InnerRule::pull() const {
  if (!learned()) return constant(options_.pull).expand({2});
  return at::softplus(parameters_["inner.pull"]);
}

at::Tensor InnerRule::scale(int step, const at::Tensor& rows) const {
  const auto kappa = learned() ? at::softplus(parameters_["inner.kappa"][step]) : constant(options_.kappa);
  // The floor is for tasks without support rows, whose steps are zero anyway.
  return at::reciprocal(at::clamp_min(rows + kappa, 1e-6));
}

LayerRates InnerRule::layer(const std::string& name, int step) const {
  LayerRates rates;
  rates.step = learned() ? at::softplus(parameters_[rate_name(name, "rate")][step]) : constant(options_.tower_rate);
  const auto part = [&](const char* part) {
    const auto found = rate_name(name, part);
    return parameters_.contains(found) ? at::softplus(parameters_[found]) : at::Tensor();
  };
  rates.input = part("input");
  rates.bias = part("bias");
  rates.output = part("output");
  return rates;
}

}  // namespace warmstart
