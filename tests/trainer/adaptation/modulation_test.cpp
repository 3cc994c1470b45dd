#include "trainer/adaptation/modulation.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

namespace warmstart {
namespace {

// A sum over many rows, as the support encoder's, may be any number; a gain of it has to stay a factor.
TEST(Modulation, IsBoundedHoweverLargeACodeIs) {
  Parameters parameters;
  add_modulation("encoder", 2, 3, parameters);
  parameters.flatten(at::kDouble);
  const auto weight = at::tensor({0.5, -0.25, 1.0, 2.0, 0.1, 0.0}, at::kDouble).view({3, 2});
  parameters["encoder.modulation.weight"].detach().copy_(weight);
  ReplicatedTables tables(parameters);
  const InnerRule rule{InnerOptions{}};
  const Layers layers(parameters, tables, rule);
  const BatchParameters of_batch(parameters, tables, {}, Leaves::kParameters);
  const auto code = at::tensor({0.3, -0.7, 400.0, 900.0}, at::kDouble).view({2, 1, 2});

  TaskState state = {.head = {}, .layers = {layers, of_batch, 0, 0, Precision::kFloat32}};
  modulate(state, "encoder", code);
  const auto& found = state.layers.modulation();
  EXPECT_LT((found - at::tanh(code.matmul(weight.t()))).abs().max().item<double>(), 1e-12);
  EXPECT_LE(found.abs().max().item<double>(), 1.0);
  EXPECT_GT(found[1].abs().max().item<double>(), 0.999);
}

}  // namespace
}  // namespace warmstart
