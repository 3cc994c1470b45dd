#include "trainer/arithmetic/left_out_rows.h"

#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include "tests/support/least_squares_example.h"

namespace warmstart {
namespace {

constexpr std::int64_t kLeftOutFeatures = 9, kLeftOutMost = 20;
const std::vector<std::int64_t> kLeftOutCounts = {0, 1, 7, 20};

using Arguments = std::vector<at::Tensor>;

LeftOutRows of(const Arguments& arguments) {
  return {arguments[0], arguments[1], arguments[2], arguments[3], arguments[4], arguments[5]};
}

Arguments arguments(const LeastSquaresExample& example, std::int64_t starts) {
  return {example.rows,      at::linalg_inv(example.matrices()).to(at::kFloat),
          example.weights,   example.weights * example.errors,
          example.precision, at::randn({example.rows.size(0), starts, 1, kLeftOutFeatures})};
}

Arguments leaves_of(const Arguments& arguments, at::ScalarType type) {
  Arguments leaves;
  for (const auto& argument : arguments) leaves.push_back(argument.to(type).clone().requires_grad_());
  return leaves;
}

// Double precision goes by operators.  `starts`: of each row, or one of all.
class LeftOutRowsTest : public testing::TestWithParam<std::int64_t> {};

TEST_P(LeftOutRowsTest, AreInFloat32WhatTheyAreInDoublesWithTheirGradients) {
  LeastSquaresExample example(kLeftOutCounts, kLeftOutMost, kLeftOutFeatures);
  // So far from the others that next to nothing is left without it.
  example.weights[2][3] = 1000.0;
  const auto given = arguments(example, GetParam());
  const auto narrow = leaves_of(given, at::kFloat), wide = leaves_of(given, at::kDouble);
  const auto found = left_out_rows(of(narrow)), expected = left_out_rows(of(wide));
  EXPECT_EQ(found.sizes(), expected.sizes());
  EXPECT_LT((found - expected).abs().max().item<double>(), 1e-3);
  const auto weights = at::randn_like(expected);
  const auto gradients = torch::autograd::grad({(found * weights.to(at::kFloat)).sum()}, narrow);
  const auto of_wide = torch::autograd::grad({(expected * weights).sum()}, wide);
  const auto is_row = example.weights.gt(0.0);
  for (std::size_t i = 0; i < given.size(); ++i) {
    // What goes back to padded rows goes no further: they are constants.
    const auto difference =
        (gradients[i] - of_wide[i]) * (i == 0 || i == 2 || i == 3 ? is_row : at::ones({1}, at::kBool));
    EXPECT_GT(of_wide[i].abs().max().item<double>(), 0.1) << i;
    EXPECT_LT((difference / of_wide[i].abs().clamp_min(1.0)).abs().max().item<double>(), 2e-3) << i;
  }
}

TEST_P(LeftOutRowsTest, ATasksBitsDependNeitherOnTheTasksBesideItNorOnPadding) {
  const auto given = arguments(LeastSquaresExample(kLeftOutCounts, kLeftOutMost, kLeftOutFeatures), GetParam());
  const auto among = left_out_rows(of(given));
  for (std::size_t i = 0; i < kLeftOutCounts.size(); ++i) {
    const auto task = static_cast<std::int64_t>(i), count = kLeftOutCounts[i];
    Arguments alone;
    for (const auto& argument : given) {
      const auto of_task = argument.narrow(0, task, 1);
      alone.push_back(argument.size(1) == kLeftOutMost ? of_task.narrow(1, 0, count) : of_task);
    }
    EXPECT_TRUE(left_out_rows(of(alone)).equal(among.narrow(0, task, 1).narrow(1, 0, count))) << task;
  }
}

INSTANTIATE_TEST_SUITE_P(Starts, LeftOutRowsTest, testing::Values(1, kLeftOutMost));

}  // namespace
}  // namespace warmstart
