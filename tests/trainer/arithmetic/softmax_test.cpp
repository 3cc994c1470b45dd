#include "trainer/arithmetic/softmax.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <limits>

namespace warmstart {
namespace {

double greatest_gap(const at::Tensor& a, const at::Tensor& b) { return (a - b).abs().max().item<double>(); }

// Exponents so large that their powers overflow, and so small that they vanish.
at::Tensor exponents() { return at::tensor({3.0, -2.0, 900.0, 899.0, -5000.0, -5001.0}, at::kDouble).view({1, 3, 2}); }

TEST(Softmax, IsLibTorchsOwn) { EXPECT_LT(greatest_gap(softmax(exponents()), at::softmax(exponents(), 2)), 1e-15); }

TEST(Softmax, PassesOverWhatIsNotThere) {
  const auto is_there = at::tensor({1.0, 1.0, 1.0, 0.0, 0.0, 1.0}, at::kDouble).view({1, 3, 2});
  const auto none = at::full({}, -std::numeric_limits<double>::infinity(), at::kDouble);
  const auto expected = at::softmax(at::where(is_there.gt(0.0), exponents(), none), 2);
  EXPECT_LT(greatest_gap(softmax_where(exponents(), is_there), expected), 1e-15);
}

TEST(Softmax, OfNothingIsZero) {
  const auto nowhere = at::zeros({1, 1, 2}, at::kDouble);
  EXPECT_EQ(softmax_where(exponents(), nowhere).abs().sum().item<double>(), 0.0);
  const auto empty = at::zeros({2, 3, 0}, at::kDouble);
  EXPECT_EQ(softmax_where(empty, empty).sizes(), empty.sizes());
  EXPECT_EQ(softmax_beside_zero(empty, empty).sizes(), empty.sizes());
}

TEST(Softmax, BesideZeroGivesAPartToIt) {
  const auto is_there = at::tensor({1.0, 0.0}, at::kDouble);
  const auto with_zero = at::softmax(at::constant_pad_nd(exponents().narrow(2, 0, 1), {1, 0}), 2).narrow(2, 1, 1);
  const auto found = softmax_beside_zero(exponents(), is_there);
  EXPECT_LT(greatest_gap(found.narrow(2, 0, 1), with_zero), 1e-15);
  EXPECT_EQ(found.narrow(2, 1, 1).abs().sum().item<double>(), 0.0);
}

}  // namespace
}  // namespace warmstart
