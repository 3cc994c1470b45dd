#include "trainer/arithmetic/weighted_squares.h"

#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include "tests/support/least_squares_example.h"

namespace warmstart {
namespace {

const std::vector<std::int64_t> kSquaredCounts = {0, 1, 12, 30};

// Double precision goes by operators.
TEST(WeightedSquares, AreInFloat32WhatTheyAreInDoublesWithTheirGradients) {
  const LeastSquaresExample example(kSquaredCounts, 30, 21);
  const auto rows = example.rows.clone().requires_grad_(), weights = example.weights.clone().requires_grad_();
  const auto wide_rows = example.rows.to(at::kDouble).requires_grad_();
  const auto wide_weights = example.weights.to(at::kDouble).requires_grad_();
  const auto found = weighted_squares(rows, weights), expected = weighted_squares(wide_rows, wide_weights);
  EXPECT_LT((found - expected).abs().max().item<double>(), 1e-4);
  const auto factors = at::randn_like(expected);
  const auto gradients = torch::autograd::grad({(found * factors.to(at::kFloat)).sum()}, {rows, weights});
  const auto of_wide = torch::autograd::grad({(expected * factors).sum()}, {wide_rows, wide_weights});
  for (std::size_t i = 0; i < 2; ++i) {
    // What goes back to padded rows goes no further.
    const auto difference = (gradients[i] - of_wide[i]) * example.weights.gt(0.0);
    EXPECT_GT(of_wide[i].abs().max().item<double>(), 1.0);
    EXPECT_LT(difference.abs().max().item<double>(), 1e-3) << i;
  }
}

TEST(WeightedSquares, ATasksBitsDependNeitherOnTheTasksBesideItNorOnPadding) {
  const LeastSquaresExample example(kSquaredCounts, 30, 50);
  const auto among = weighted_squares(example.rows, example.weights);
  for (std::size_t i = 0; i < kSquaredCounts.size(); ++i) {
    const auto task = static_cast<std::int64_t>(i);
    const auto of_task = [&](const at::Tensor& rows) {
      return rows.narrow(0, task, 1).narrow(1, 0, kSquaredCounts[i]);
    };
    EXPECT_TRUE(weighted_squares(of_task(example.rows), of_task(example.weights)).equal(among.narrow(0, task, 1)))
        << task;
  }
}

}  // namespace
}  // namespace warmstart
