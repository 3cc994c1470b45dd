#include "trainer/arithmetic/gaussian_kernel.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>
#include <vector>

#include "trainer/arithmetic/exp_of.h"

namespace warmstart {
namespace {

std::vector<at::Tensor> random_inputs() {
  at::manual_seed(7);
  return {at::rand({3, 1, 1}) + 0.1, at::randn({3, 5, 4}), at::randn({3, 7, 4})};
}

std::vector<at::Tensor> leaves(const std::vector<at::Tensor>& values, at::ScalarType type) {
  std::vector<at::Tensor> leaves;
  leaves.reserve(values.size());
  for (const auto& value : values) leaves.push_back(value.to(type).clone().requires_grad_());
  return leaves;
}

TEST(GaussianKernel, IsThatOfDistancesWithItsGradients) {
  const auto narrow = leaves(random_inputs(), at::kFloat), wide = leaves(random_inputs(), at::kDouble);
  const auto found = gaussian_kernel(narrow[0], narrow[1], narrow[2]);
  const auto distances = (wide[1].unsqueeze(2) - wide[2].unsqueeze(1)).square().sum(3);
  const auto expected = wide[0] * at::exp(-0.5 * distances);
  EXPECT_LT((found - expected).abs().max().item<double>(), 1e-6);
  EXPECT_LT((gaussian_kernel(wide[0], wide[1], wide[2]) - expected).abs().max().item<double>(), 1e-13);
  const auto weights = at::randn({3, 5, 7});
  const auto gradients = torch::autograd::grad({(found * weights).sum()}, narrow);
  const auto of_wide = torch::autograd::grad({(expected * weights).sum()}, wide);
  for (std::size_t i = 0; i < gradients.size(); ++i)
    EXPECT_LT((gradients[i] - of_wide[i]).abs().max().item<double>(), 3e-6) << i;
}

TEST(GaussianKernel, ATasksBitsDoNotDependOnTheTasksBesideIt) {
  const auto inputs = random_inputs();
  const auto all = gaussian_kernel(inputs[0], inputs[1], inputs[2]);
  for (std::int64_t task = 0; task < 3; ++task) {
    const auto of_task = [&](std::size_t i) { return inputs[i].narrow(0, task, 1); };
    EXPECT_TRUE(gaussian_kernel(of_task(0), of_task(1), of_task(2)).equal(all.narrow(0, task, 1))) << task;
  }
}

TEST(GaussianKernel, OfEqualPointsIsTheScale) {
  const auto points = 100.0 * at::randn({1, 6, 4});
  const auto found = gaussian_kernel(at::ones({1, 1, 1}), points, points);
  EXPECT_LE(found.max().item<float>(), 1.0f);
  EXPECT_GT(found.diagonal(0, 1, 2).min().item<float>(), 0.95f);
}

TEST(ExpOf, IsWithinTwoUnitsInTheLastPlace) {
  for (float x = -80.0f; x < 80.0f; x += 0.013f) EXPECT_NEAR(exp_of(x) / std::exp(static_cast<double>(x)), 1.0, 2e-7);
  EXPECT_LT(exp_of(-200.0f), 1e-37f);
  EXPECT_TRUE(std::isnan(exp_of(std::nanf(""))));
}

}  // namespace
}  // namespace warmstart
