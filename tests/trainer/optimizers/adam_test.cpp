#include "trainer/optimizers/adam.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

namespace warmstart {
namespace {

Parameters two_parameters() {
  Parameters parameters;
  parameters.add("table", ParameterGroup::kEmbedding, {1}, [] { return at::full({1}, 2.0f); });
  parameters.add("rate", ParameterGroup::kInner, {1}, [] { return at::full({1}, 3.0f); });
  parameters.flatten(at::kDouble);
  return parameters;
}

// Kingma and Ba's algorithm 1, written out for scalars.
TEST(Adam, FollowsThePaper) {
  auto parameters = two_parameters();
  AdamOptions options;
  options.clip_norm = 0;
  options.warmup = 1;
  options.embedding_l2 = 0.1;
  options.inner_rate_factor = 10;
  Adam adam(parameters, options, 100);
  double value[2] = {2.0, 3.0}, m[2] = {0, 0}, v[2] = {0, 0};
  for (int step = 0; step < 5; ++step) {
    const double given[2] = {0.5 - step, 0.1 * step + 1};
    adam.step(step, at::tensor({given[0], given[1]}, at::kDouble), parameters);
    for (int i = 0; i < 2; ++i) {
      const double g = given[i] + (i == 0 ? 0.1 * value[0] : 0.0);
      m[i] = 0.9 * m[i] + 0.1 * g;
      v[i] = 0.99 * v[i] + 0.01 * g * g;
      const double m_hat = m[i] / (1 - std::pow(0.9, step + 1)), v_hat = v[i] / (1 - std::pow(0.99, step + 1));
      value[i] -= adam.rate(step) * (i == 1 ? 10 : 1) * m_hat / (std::sqrt(v_hat) + 1e-8);
    }
  }
  EXPECT_NEAR(parameters["table"].item<double>(), value[0], 1e-12);
  EXPECT_NEAR(parameters["rate"].item<double>(), value[1], 1e-12);
}

TEST(Adam, ClipsByTheNormOfTheWholeGradient) {
  auto parameters = two_parameters();
  AdamOptions options;
  options.clip_norm = 1.0;
  Adam adam(parameters, options, 100);
  auto gradient = at::tensor({30.0, 40.0}, at::kDouble);
  EXPECT_DOUBLE_EQ(adam.step(0, gradient, parameters), 50.0);
}

TEST(Adam, WarmsUpForATenthOfTheRunButAHundredStepsAtMost) {
  EXPECT_EQ(warmup_of({}, 48), 4);
  EXPECT_EQ(warmup_of({}, 5000), 100);
  const AdamOptions none = {.warmup = 0};
  EXPECT_EQ(warmup_of(none, 48), 0);
  const Adam adam(two_parameters(), {.rate = 1.0}, 48);
  EXPECT_LT(adam.rate(2), adam.rate(3));
  EXPECT_GT(adam.rate(3), adam.rate(4));
}

TEST(Adam, WarmsUpThenDecaysToAHundredth) {
  AdamOptions options;
  options.rate = 1.0;
  options.warmup = 10;
  const Adam adam(two_parameters(), options, 1000);
  EXPECT_NEAR(adam.rate(0), 0.101, 1e-6);
  EXPECT_NEAR(adam.rate(9), 1.01, 1e-3);
  EXPECT_NEAR(adam.rate(500), 0.51, 1e-6);
  EXPECT_NEAR(adam.rate(999), 0.01, 1e-4);
}

}  // namespace
}  // namespace warmstart
