#include "trainer/arithmetic/student_t.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <vector>

namespace warmstart {
namespace {

// Errors, squared scales and degrees of freedom.
std::vector<at::Tensor> random_inputs(at::ScalarType type) {
  at::manual_seed(7);
  std::vector<at::Tensor> inputs = {2.0 * at::randn({3, 5}), at::rand({3, 5}) + 0.1, 30.0 * at::rand({3, 1}) + 1.0};
  for (auto& input : inputs) input = input.to(type).requires_grad_();
  return inputs;
}

at::Tensor losses_of(const std::vector<at::Tensor>& inputs) {
  return student_t_losses(inputs[0], inputs[1], inputs[2]);
}

TEST(StudentT, IsTheDensityOfBoost) {
  for (const auto type : {at::kFloat, at::kDouble}) {
    const auto inputs = random_inputs(type);
    const auto found = losses_of(inputs);
    for (std::int64_t task = 0; task < 3; ++task) {
      const boost::math::students_t distribution(inputs[2][task][0].item<double>());
      for (std::int64_t row = 0; row < 5; ++row) {
        const double scale = std::sqrt(inputs[1][task][row].item<double>());
        const double expected = std::log(pdf(distribution, inputs[0][task][row].item<double>() / scale) / scale);
        EXPECT_NEAR(found[task][row].item<double>(), -expected, type == at::kFloat ? 1e-5 : 1e-12);
      }
    }
  }
}

TEST(StudentT, HasTheGradientsOfAutograd) {
  const auto narrow = random_inputs(at::kFloat), wide = random_inputs(at::kDouble);
  const auto weights = at::randn({3, 5}, at::kDouble);
  const auto found = torch::autograd::grad({(losses_of(narrow) * weights.to(at::kFloat)).sum()}, narrow);
  const auto expected = torch::autograd::grad({(losses_of(wide) * weights).sum()}, wide);
  for (std::size_t i = 0; i < expected.size(); ++i)
    EXPECT_LT((found[i] - expected[i]).abs().max().item<double>(), 1e-5) << i;
}

TEST(StudentT, ATasksBitsDoNotDependOnTheTasksBesideIt) {
  const auto inputs = random_inputs(at::kFloat);
  const auto all = losses_of(inputs);
  for (std::int64_t task = 0; task < 3; ++task) {
    const auto of_task = [&](std::size_t i) { return inputs[i].narrow(0, task, 1); };
    EXPECT_TRUE(student_t_losses(of_task(0), of_task(1), of_task(2)).equal(all.narrow(0, task, 1))) << task;
  }
}

}  // namespace
}  // namespace warmstart
