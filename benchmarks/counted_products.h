// The multiply-adds of the matrix products in a step of benchmarks/mlp.h, a task: what its time cannot fall below by
// more than products differ in speed.  Operations on single values are not counted.

#pragma once

#include <vector>

#include "trainer/layers/planner.h"

namespace warmstart {

struct CountedLayer {
  AdaptedShape shape;
  bool is_first;  // its inputs are the rows, which take no gradient
};

// A pass and its reverse: the product, the weights' gradient, and the inputs' where they take one.
inline double plain_products(const CountedLayer& layer) {
  const auto& [inputs, outputs, support, query, steps] = layer.shape;
  return static_cast<double>((support + query) * inputs * outputs * (layer.is_first ? 2 : 3));
}

// A pass of `rows` through a layer that remembers `memory` rows, and its reverse.  The remembered rows' products are
// one with the keys and one with the values, and in reverse four.
inline double pass_products(double inputs, double outputs, double rows, double memory, bool input_takes_gradient) {
  const double shared = rows * inputs * outputs * (input_takes_gradient ? 3 : 2);
  return shared + rows * memory * (3 * outputs + inputs * (input_takes_gradient ? 3 : 1));
}

// As pass_products(), over all passes forward and backward of a meta-step, in activation space.
inline double activation_products(const CountedLayer& layer) {
  const auto inputs = static_cast<double>(layer.shape.inputs), outputs = static_cast<double>(layer.shape.outputs);
  const auto support = static_cast<double>(layer.shape.support), query = static_cast<double>(layer.shape.query);
  const auto steps = static_cast<double>(layer.shape.steps);
  double count = pass_products(inputs, outputs, query, steps * support, !layer.is_first);
  for (double step = 0; step < steps; ++step) {
    const double memory = step * support;
    count += pass_products(inputs, outputs, support, memory, !layer.is_first);
    if (!layer.is_first) count += pass_products(outputs, inputs, support, memory, true);
  }
  return count;
}

// The same with each task's weights formed: a step adds one product to them, and two in reverse.
inline double weight_products(const CountedLayer& layer) {
  auto shape = layer.shape;
  const auto steps = static_cast<double>(shape.steps), support = static_cast<double>(shape.support);
  const double formed = steps * support * static_cast<double>(shape.inputs * shape.outputs) * (layer.is_first ? 2 : 3);
  double passes = pass_products(static_cast<double>(shape.inputs), static_cast<double>(shape.outputs),
                                steps * support + static_cast<double>(shape.query), 0, !layer.is_first);
  if (!layer.is_first)
    passes +=
        pass_products(static_cast<double>(shape.outputs), static_cast<double>(shape.inputs), steps * support, 0, true);
  return formed + passes;
}

// Of a meta-step in the forms that the planner takes, over those of a plain step.
inline double counted_ratio(const std::vector<CountedLayer>& layers) {
  double plain = 0, meta = 0;
  for (const auto& layer : layers) {
    plain += plain_products(layer);
    meta += cheaper_form(layer.shape) == Form::kWeights ? weight_products(layer) : activation_products(layer);
  }
  return meta / plain;
}

}  // namespace warmstart
