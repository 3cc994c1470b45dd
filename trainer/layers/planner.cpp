#include "trainer/layers/planner.h"

#include <algorithm>

namespace warmstart {
namespace {

// Fitted to benchmarks/meta_step's `forms`: the count chose the slower form in 1 of 79 shapes with AVX-512, in 2 of 58
// with AVX2.  Forming a task's weights is slower than products of remembered rows, weights are read and written once a
// use, and fewer than 8 outputs take as long as 8.
constexpr double kOwnProducts = 1.2, kWeightTraffic = 2.0, kFewestOutputs = 8.0;

}  // namespace

FormCosts costs_of(const AdaptedShape& shape) {
  const auto inputs = static_cast<double>(shape.inputs), outputs = static_cast<double>(shape.outputs);
  const auto support = static_cast<double>(shape.support), query = static_cast<double>(shape.query);
  const auto steps = static_cast<double>(shape.steps);
  // Step k's pass over the support rows, forward and backward, meets the k steps before it; the query rows meet all.
  const double met = query * steps + support * steps * (steps - 1.0);
  const double uses = 1.0 + 2.0 * (steps - 1.0);
  const double elements = inputs * std::max(outputs, kFewestOutputs);
  const double formed = kOwnProducts * steps * support * elements;
  const double handled = (steps + uses) * kWeightTraffic * elements;
  return {.activations = support * met * (inputs + outputs), .weights = formed + handled};
}

Form cheaper_form(const AdaptedShape& shape) {
  const auto costs = costs_of(shape);
  return costs.weights < costs.activations ? Form::kWeights : Form::kActivations;
}

void PlanTally::add(const std::vector<LayerPlan>& plans, std::int64_t microbatches) {
  for (const auto& [layer, form, shape] : plans) {
    auto& entry = state_[layer];
    if (entry.is_null()) entry = {{"activations", 0}, {"weights", 0}};
    auto& count = entry[form == Form::kWeights ? "weights" : "activations"];
    count = count.get<std::int64_t>() + microbatches;
    const auto costs = costs_of(shape);
    entry["last"] = {{"inputs", shape.inputs},       {"outputs", shape.outputs},
                     {"support", shape.support},     {"query", shape.query},
                     {"steps", shape.steps},         {"activations_cost", costs.activations},
                     {"weights_cost", costs.weights}};
  }
}

}  // namespace warmstart
