#include "trainer/arithmetic/quadratic_form.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

namespace warmstart {
namespace {

at::Tensor symmetric(std::int64_t tasks, std::int64_t size) {
  const auto x = at::randn({tasks, size, size});
  return x + x.transpose(1, 2);
}

// Double precision goes by operators.
TEST(QuadraticForm, IsInFloat32WhatItIsInDoublesWithItsGradients) {
  at::manual_seed(3);
  const auto rows = at::randn({4, 9, 21}).requires_grad_(), matrices = symmetric(4, 21).requires_grad_();
  const auto wide_rows = rows.detach().to(at::kDouble).requires_grad_();
  const auto wide_matrices = matrices.detach().to(at::kDouble).requires_grad_();
  const auto found = quadratic_form(rows, matrices), expected = quadratic_form(wide_rows, wide_matrices);
  EXPECT_EQ(found.sizes(), (std::vector<std::int64_t>{4, 9, 1}));
  EXPECT_LT((found - expected).abs().max().item<double>(), 1e-3);
  const auto weights = at::randn_like(expected);
  const auto gradients = torch::autograd::grad({(found * weights.to(at::kFloat)).sum()}, {rows, matrices});
  const auto of_wide = torch::autograd::grad({(expected * weights).sum()}, {wide_rows, wide_matrices});
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_GT(of_wide[i].abs().max().item<double>(), 1.0);
    EXPECT_LT((gradients[i] - of_wide[i]).abs().max().item<double>(), 1e-3) << i;
  }
}

TEST(QuadraticForm, ATasksBitsDoNotDependOnTheTasksBesideIt) {
  at::manual_seed(4);
  const auto rows = at::randn({5, 7, 50}), matrices = symmetric(5, 50);
  const auto among = quadratic_form(rows, matrices);
  for (std::int64_t task = 0; task < 5; ++task) {
    const auto alone = quadratic_form(rows.narrow(0, task, 1), matrices.narrow(0, task, 1));
    EXPECT_TRUE(alone.equal(among.narrow(0, task, 1))) << task;
  }
}

TEST(QuadraticForm, OfNoRowsIsEmpty) {
  EXPECT_EQ(quadratic_form(at::zeros({2, 0, 3}), symmetric(2, 3)).sizes(), (std::vector<std::int64_t>{2, 0, 1}));
}

}  // namespace
}  // namespace warmstart
