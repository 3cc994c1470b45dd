#include "trainer/arithmetic/positive_inverse.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

namespace warmstart {
namespace {

// X X' + I with X of so many rows that count, and the identity beyond them.
at::Tensor matrices(const at::Tensor& counts, std::int64_t size) {
  at::manual_seed(6);
  const auto mask = at::arange(size).unsqueeze(0).lt(counts).to(at::kFloat).unsqueeze(2);
  const auto x = at::randn({counts.size(0), size, 5}) * mask;
  return at::bmm(x, x.transpose(1, 2)) + at::eye(size);
}

at::Tensor ragged_counts() { return at::tensor({0.0f, 1.0f, 16.0f, 17.0f, 40.0f, 53.0f}).unsqueeze(1); }

TEST(PositiveInverse, IsTheInverseWithItsGradient) {
  const auto counts = ragged_counts();
  const auto a = matrices(counts, 53).requires_grad_(), wide = a.detach().to(at::kDouble).requires_grad_();
  const auto found = positive_inverse(a, counts), expected = at::linalg_inv(wide);
  EXPECT_LT((found - expected).abs().max().item<double>(), 1e-5);
  const auto weights = at::randn_like(expected);
  const auto gradient = torch::autograd::grad({(found * weights.to(at::kFloat)).sum()}, {a})[0];
  const auto of_wide = torch::autograd::grad({(expected * weights).sum()}, {wide})[0];
  EXPECT_GT(of_wide.abs().max().item<double>(), 1.0);
  EXPECT_LT((gradient - of_wide).abs().max().item<double>(), 1e-4);
}

TEST(PositiveInverse, OfDoublesIsDifferentiableTwice) {
  const auto a = matrices(at::full({2, 1}, 4.0f), 4).to(at::kDouble).requires_grad_();
  const auto inverse = positive_inverse(a, at::full({2, 1}, 4.0));
  EXPECT_LT((at::bmm(inverse, a) - at::eye(4, at::kDouble)).abs().max().item<double>(), 1e-12);
  EXPECT_TRUE(torch::autograd::grad({inverse.sum()}, {a}, {}, true, true)[0].requires_grad());
}

TEST(PositiveInverse, ATasksBitsDoNotDependOnTheTasksBesideIt) {
  const auto counts = ragged_counts();
  const auto a = matrices(counts, 53);
  const auto among = positive_inverse(a, counts);
  for (std::int64_t task = 0; task < counts.size(0); ++task) {
    const auto alone = positive_inverse(a.narrow(0, task, 1), counts.narrow(0, task, 1));
    EXPECT_TRUE(alone.equal(among.narrow(0, task, 1))) << task;
  }
}

// A hundred equal rows, with next to no precision: in float32 no pivot but the first stays above 0.
TEST(PositiveInverse, OfNearlySingularMatricesIsFinite) {
  const auto a = at::full({1, 100, 100}, 1e4f) + 1e-6 * at::eye(100);
  EXPECT_TRUE(positive_inverse(a, at::full({1, 1}, 100.0f)).isfinite().all().item<bool>());
}

}  // namespace
}  // namespace warmstart
