#include "trainer/layers/inner_rule.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>

#include "trainer/arithmetic/by_element.h"
#include "trainer/layers/initialiser.h"

namespace warmstart {
namespace {

std::string rate_name(const std::string& layer, const char* part) { return fmt::format("inner.{}.{}", layer, part); }

void add_raw(Parameters& parameters, const std::string& name, std::vector<std::int64_t> sizes, double value) {
  auto initial = Initialiser::before_softplus(sizes, value);
  parameters.add(name, ParameterGroup::kInner, std::move(sizes), std::move(initial));
}

constexpr const char* kHeadCurvature = "inner.head.curvature";

// As slowly as the network and not at the pace of rates: with each entry of a wide matrix, what a step changes grows.
void add_curvature(Parameters& parameters, const std::string& name, std::int64_t width) {
  parameters.add(name, ParameterGroup::kNetwork, {width, width}, Initialiser::zeros({width, width}));
}

at::Tensor found(const BatchParameters& parameters, const std::string& name) {
  return parameters.contains(name) ? parameters[name] : at::Tensor();
}

}  // namespace

void InnerRule::add_head(Parameters& parameters, std::int64_t features) const {
  if (options_.steps == 0 || !learned()) return;
  const std::int64_t rates = by_parameter() ? features + 1 : 1;
  add_raw(parameters, "inner.head.rate", {options_.steps, rates}, options_.rate);
  add_raw(parameters, "inner.pull", {2}, options_.pull);
  add_raw(parameters, "inner.kappa", {options_.steps}, options_.kappa);
  if (options_.rates == InnerRates::kKronecker) add_curvature(parameters, kHeadCurvature, features + 1);
}

void InnerRule::add_layer(Parameters& parameters, const std::string& name, std::int64_t inputs,
                          std::int64_t outputs) const {
  if (options_.steps == 0 || !learned()) return;
  add_raw(parameters, rate_name(name, "rate"), {options_.steps}, options_.tower_rate);
  if (options_.tower_pull > 0.0) add_raw(parameters, rate_name(name, "pull"), {}, options_.tower_pull);
  if (options_.rates == InnerRates::kKronecker) {
    add_curvature(parameters, rate_name(name, "output_curvature"), outputs);
    if (inputs > 0) add_curvature(parameters, rate_name(name, "input_curvature"), inputs);
  }
  if (!by_parameter()) return;
  if (options_.rates == InnerRates::kElementwise && inputs > 0) {
    add_raw(parameters, rate_name(name, "weight"), {outputs, inputs}, 1.0);
    add_raw(parameters, rate_name(name, "bias"), {outputs}, 1.0);
    return;
  }
  add_raw(parameters, rate_name(name, "output"), {outputs}, 1.0);
  if (inputs == 0) return;
  add_raw(parameters, rate_name(name, "input"), {inputs}, 1.0);
  add_raw(parameters, rate_name(name, "bias"), {}, 1.0);
}

at::Tensor InnerRule::rate(const BatchParameters& parameters, const std::string& name, int step, double fixed) const {
  if (!learned()) return parameters.constant(fixed).unsqueeze(1);
  const auto raw = parameters[name];
  return softplus_by_element(step < 0 ? raw : raw.select(1, step));
}

at::Tensor InnerRule::head_rate(const BatchParameters& parameters, int step) const {
  return rate(parameters, "inner.head.rate", step, options_.rate);
}

at::Tensor InnerRule::head_curvature(const BatchParameters& parameters) const {
  return found(parameters, kHeadCurvature);
}

at::Tensor InnerRule::pull(const BatchParameters& parameters) const {
  return rate(parameters, "inner.pull", -1, options_.pull).expand({-1, 2});
}

at::Tensor InnerRule::scale(const BatchParameters& parameters, int step, const at::Tensor& rows) const {
  const auto kappa = rate(parameters, "inner.kappa", step, options_.kappa).reshape({-1, 1});
  // The floor is for tasks without support rows, whose steps are zero anyway.
  return at::reciprocal(at::clamp_min(rows + parameters.for_tasks(kappa, rows.size(0)), 1e-6));
}

LayerRates InnerRule::layer(const BatchParameters& parameters, const std::string& name, int step) const {
  LayerRates rates;
  rates.step = rate(parameters, rate_name(name, "rate"), step, options_.tower_rate).reshape({-1});
  const auto part = [&](const char* part) {
    const auto raw = found(parameters, rate_name(name, part));
    return raw.defined() ? softplus_by_element(raw) : raw;
  };
  rates.input = part("input");
  rates.bias = part("bias");
  rates.output = part("output");
  rates.weight = part("weight");
  rates.input_curvature = found(parameters, rate_name(name, "input_curvature"));
  rates.output_curvature = found(parameters, rate_name(name, "output_curvature"));
  if (options_.tower_pull > 0.0)
    rates.pull = rate(parameters, rate_name(name, "pull"), -1, options_.tower_pull).reshape({-1});
  return rates;
}

at::Tensor kept_by_pull(const LayerRates& rates, const at::Tensor& scale, const Microbatches& microbatches) {
  if (!rates.pull.defined()) return {};
  return 1.0 - scale * microbatches.for_tasks(rates.step * rates.pull, scale.size(0)).view({-1, 1, 1});
}

}  // namespace warmstart
