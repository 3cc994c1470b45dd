#include "trainer/adaptation/full_context.h"

#include <ATen/ATen.h>

#include "trainer/arithmetic/plain_arithmetic.h"
#include "trainer/arithmetic/softmax.h"
#include "trainer/arithmetic/task_product.h"
#include "trainer/layers/linear.h"

namespace warmstart {

FullContext::FullContext(std::int64_t features, Initialiser& draw, Parameters& parameters)
    : forward_({"context.forward", features, features, draw, parameters}),
      backward_({"context.backward", features, features, draw, parameters}) {
  const auto add = [&](const char* name, const std::vector<std::int64_t>& sizes) {
    parameters.add(name, ParameterGroup::kNetwork, sizes, draw.uniform(sizes, features));
  };
  add("context.query.weight", {4 * features, features});
  add("context.query.bias", {4 * features});
  add("context.state.weight", {4 * features, features});
  add("context.read.weight", {4 * features, features});
}

at::Tensor FullContext::of_support(const BatchParameters& parameters, const at::Tensor& features,
                                   const at::Tensor& mask) const {
  if (!PlainArithmetic::stands() && mask.size(1) == 0) return features;
  return features + forward_.read(parameters, features, mask).behind +
         backward_.read(parameters, features, mask, RecurrentCell::Order::kBackward).behind;
}

at::Tensor query_in_context(const BatchParameters& parameters, const at::Tensor& features, const at::Tensor& context,
                            const at::Tensor& mask, int steps) {
  const auto of_features = linear(parameters, "context.query", features);
  auto cell = at::zeros_like(features), q = cell;
  for (int step = 0; step < steps; ++step) {
    const auto attention = softmax_where(task_product(q, context.transpose(1, 2)), mask.unsqueeze(1));
    const auto read = linear(parameters, "context.read", task_product(attention, context));
    const auto next = Lstm::step(of_features + read + linear(parameters, "context.state", q), cell);
    cell = next.cell;
    q = next.hidden + features;
  }
  return q;
}

}  // namespace warmstart
