#include "trainer/arithmetic/positive_inverse.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include "trainer/arithmetic/plain_arithmetic.h"

namespace warmstart {
namespace {

// X X' of random rows X.
at::Tensor matrices(const at::Tensor& counts, std::int64_t size) {
  at::manual_seed(6);
  const auto x = at::randn({counts.size(0), size, 5});
  return at::bmm(x, x.transpose(1, 2));
}

at::Tensor ragged_counts() { return at::tensor({0.0f, 1.0f, 16.0f, 17.0f, 40.0f, 53.0f}).unsqueeze(1); }

at::Tensor random_diagonals(const at::Tensor& counts) { return at::rand({counts.size(0), 53}) + 0.5; }

TEST(PositiveInverse, IsTheInverseOfWhatCountsWithItsGradients) {
  const auto counts = ragged_counts();
  const auto a = matrices(counts, 53).requires_grad_(), diagonals = random_diagonals(counts).requires_grad_();
  const auto wide = a.detach().to(at::kDouble).requires_grad_(), wide_diagonals = diagonals.detach().to(at::kDouble);
  wide_diagonals.requires_grad_();
  const auto found = positive_inverse(a, diagonals, counts);
  const auto in_doubles = positive_inverse(wide, wide_diagonals, counts.to(at::kDouble));
  auto expected = at::zeros_like(wide);
  for (std::int64_t task = 0; task < counts.size(0); ++task) {
    const auto n = static_cast<std::int64_t>(counts[task].item<float>());
    const auto square = [n](const at::Tensor& matrix) { return matrix.narrow(0, 0, n).narrow(1, 0, n); };
    square(expected[task]).copy_(at::linalg_inv(square(wide[task] + wide_diagonals[task].diag())));
  }
  EXPECT_LT((found - expected).abs().max().item<double>(), 2e-5);
  EXPECT_LT((in_doubles - expected).abs().max().item<double>(), 1e-11);
  const auto weights = at::randn_like(expected);
  const auto gradients = torch::autograd::grad({(found * weights.to(at::kFloat)).sum()}, {a, diagonals});
  const auto of_wide = torch::autograd::grad({(expected * weights).sum()}, {wide, wide_diagonals});
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_GT(of_wide[i].abs().max().item<double>(), 1.0);
    EXPECT_LT((gradients[i] - of_wide[i]).abs().max().item<double>(), 1e-3) << i;
  }
}

// As the closed forms meet it: features of some rows, and precisions.
TEST(PositiveInverse, ByProductsIsThatOfTheFactorisation) {
  at::manual_seed(6);
  for (const std::int64_t rows : {0, 1, 5, 90, 500}) {
    const auto x = at::randn({1, rows, 49});
    const auto a = at::bmm(x.transpose(1, 2), x), precisions = at::rand({1, 49}) * 5.5 + 1.5;
    const auto counts = at::full({1, 1}, 49.0f);
    const auto expected = positive_inverse(a.to(at::kDouble), precisions.to(at::kDouble), counts.to(at::kDouble));
    const PlainArithmetic plain;
    EXPECT_LT((positive_inverse(a, precisions, counts) - expected).abs().max().item<double>(), 1e-6) << rows;
  }
  const auto counts = ragged_counts();
  const auto a = matrices(counts, 53), diagonals = random_diagonals(counts);
  const auto expected = positive_inverse(a.to(at::kDouble), diagonals.to(at::kDouble), counts.to(at::kDouble));
  const PlainArithmetic plain;
  EXPECT_LT((positive_inverse(a, diagonals, counts) - expected).abs().max().item<double>(), 1e-5);
}

TEST(PositiveInverse, OfDoublesIsDifferentiableTwice) {
  const auto a = matrices(at::full({2, 1}, 4.0f), 4).to(at::kDouble).requires_grad_();
  const auto inverse = positive_inverse(a, at::ones({2, 4}, at::kDouble), at::full({2, 1}, 4.0, at::kDouble));
  const auto identity = at::eye(4, at::kDouble);
  EXPECT_LT((at::bmm(inverse, a + identity) - identity).abs().max().item<double>(), 1e-12);
  EXPECT_TRUE(torch::autograd::grad({inverse.sum()}, {a}, {}, true, true)[0].requires_grad());
}

TEST(PositiveInverse, ATasksBitsDoNotDependOnTheTasksBesideIt) {
  const auto counts = ragged_counts();
  const auto a = matrices(counts, 53), diagonals = random_diagonals(counts);
  const auto among = positive_inverse(a, diagonals, counts);
  for (std::int64_t task = 0; task < counts.size(0); ++task) {
    const auto of_task = [task](const at::Tensor& values) { return values.narrow(0, task, 1); };
    const auto alone = positive_inverse(of_task(a), of_task(diagonals), of_task(counts));
    EXPECT_TRUE(alone.equal(of_task(among))) << task;
  }
}

// A hundred equal rows, with next to no precision: in float32 no pivot but the first stays above 0.
TEST(PositiveInverse, OfNearlySingularMatricesIsFinite) {
  const auto a = at::full({1, 100, 100}, 1e4f);
  EXPECT_TRUE(positive_inverse(a, at::full({1, 100}, 1e-6f), at::full({1, 1}, 100.0f)).isfinite().all().item<bool>());
}

}  // namespace
}  // namespace warmstart
