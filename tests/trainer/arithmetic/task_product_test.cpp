#include "trainer/arithmetic/task_product.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include "trainer/arithmetic/bag_sum.h"
#include "trainer/arithmetic/by_element.h"

namespace warmstart {
namespace {

void expect_near(const at::Tensor& found, const at::Tensor& expected) {
  ASSERT_EQ(found.sizes(), expected.sizes());
  const double largest = expected.abs().max().item<double>();
  EXPECT_GT(largest, 0.0);
  EXPECT_LT((found.to(at::kDouble) - expected).abs().max().item<double>(), 1e-5 * largest);
}

struct ProductShape {
  std::int64_t rows, count, columns;
};
class TaskProductTest : public testing::TestWithParam<ProductShape> {};

TEST_P(TaskProductTest, IsAtBmmWithItsGradients) {
  const auto [rows, count, columns] = GetParam();
  at::manual_seed(3);
  const auto a = at::randn({6, rows, count}).requires_grad_(), b = at::randn({6, count, columns}).requires_grad_();
  const auto wide_a = a.detach().to(at::kDouble).requires_grad_(), wide_b = b.detach().to(at::kDouble).requires_grad_();
  const auto found = task_product(a, b), expected = at::bmm(wide_a, wide_b);
  expect_near(found, expected);
  const auto gradients = torch::autograd::grad({found.sin().sum()}, {a, b});
  const auto expected_gradients = torch::autograd::grad({expected.sin().sum()}, {wide_a, wide_b});
  expect_near(gradients[0], expected_gradients[0]);
  expect_near(gradients[1], expected_gradients[1]);
}

TEST_P(TaskProductTest, TakesTransposedViews) {
  const auto [rows, count, columns] = GetParam();
  at::manual_seed(3);
  const auto a = at::randn({6, rows, count}), b = at::randn({6, count, columns});
  const auto expected = at::bmm(a.to(at::kDouble), b.to(at::kDouble));
  const auto stored_a = a.transpose(1, 2).contiguous().requires_grad_(),
             stored_b = b.transpose(1, 2).contiguous().requires_grad_();
  const auto wide_a = a.to(at::kDouble).requires_grad_(), wide_b = b.to(at::kDouble).requires_grad_();
  const auto weights = at::randn_like(expected);
  const auto of_wide = torch::autograd::grad({(at::bmm(wide_a, wide_b) * weights).sum()}, {wide_a, wide_b});
  const auto plain_a = a.clone().requires_grad_(), plain_b = b.clone().requires_grad_();
  for (const bool transposes_a : {true, false}) {
    const auto& leaf_a = transposes_a ? stored_a : plain_a;
    for (const bool transposes_b : {true, false}) {
      const auto& leaf_b = transposes_b ? stored_b : plain_b;
      const auto found =
          task_product(transposes_a ? leaf_a.transpose(1, 2) : leaf_a, transposes_b ? leaf_b.transpose(1, 2) : leaf_b);
      expect_near(found, expected);
      const auto of = torch::autograd::grad({(found * weights.to(at::kFloat)).sum()}, {leaf_a, leaf_b});
      expect_near(transposes_a ? of[0].transpose(1, 2) : of[0], of_wide[0]);
      expect_near(transposes_b ? of[1].transpose(1, 2) : of[1], of_wide[1]);
    }
  }
}

// One microbatch on each of several ranks has the bits that it has among others on one.
TEST_P(TaskProductTest, ATasksBitsDoNotDependOnTheTasksBesideIt) {
  const auto [rows, count, columns] = GetParam();
  at::manual_seed(3);
  const auto a = at::randn({64, rows, count}).requires_grad_(), b = at::randn({64, count, columns}).requires_grad_();
  const auto with_gradients = [](const at::Tensor& a, const at::Tensor& b) {
    const auto product = task_product(a, b);
    const auto gradients = torch::autograd::grad({product.square().sum()}, {a, b});
    return std::vector{product.detach(), gradients[0], gradients[1]};
  };
  const auto among = with_gradients(a, b);
  for (const std::int64_t tasks : {1, 8, 32}) {
    const auto own = [tasks](const at::Tensor& all) { return all.detach().narrow(0, 32, tasks).requires_grad_(); };
    const auto alone = with_gradients(own(a), own(b));
    for (std::size_t i = 0; i < alone.size(); ++i)
      EXPECT_TRUE(alone[i].equal(among[i].narrow(0, 32, tasks))) << i << " of " << tasks;
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, TaskProductTest,
                         testing::Values(ProductShape{20, 48, 1}, ProductShape{1, 90, 48}, ProductShape{1, 7, 1},
                                         ProductShape{20, 48, 3}, ProductShape{5, 7, 9}, ProductShape{37, 20, 37}),
                         [](const auto& info) {
                           return std::to_string(info.param.rows) + "_" + std::to_string(info.param.count) + "_" +
                                  std::to_string(info.param.columns);
                         });

TEST(BagSum, IsTheWeightedSumWithItsGradient) {
  at::manual_seed(4);
  const auto rows = at::randn({5, 9}).requires_grad_(), wide = rows.detach().to(at::kDouble).requires_grad_();
  const auto places = at::tensor({0, 3, 3, 1, 0}, at::kLong), offsets = at::tensor({0, 2, 2, 3}, at::kLong);
  const auto weights = at::tensor({1.0, 0.5, -2.0, 0.25, 3.0});
  const auto found = bag_sum(rows, places, offsets, weights.to(at::kFloat));
  const auto expected = bag_sum(wide, places, offsets, weights.to(at::kDouble));
  expect_near(found, expected);
  const auto by_hand = 0.25 * wide[1] + 3.0 * wide[0] - 2.0 * wide[3];
  EXPECT_TRUE(at::allclose(expected[3] + expected[2], by_hand));
  EXPECT_EQ(found[1].abs().max().item<float>(), 0.0f);
  expect_near(torch::autograd::grad({found.sin().sum()}, {rows})[0],
              torch::autograd::grad({expected.sin().sum()}, {wide})[0]);
}

// Ranks that hold parts of one sum have the bits of the whole only while its order is kept.
TEST(BagSum, AddsInTheOrderOfThePlaces) {
  at::manual_seed(4);
  const auto rows = at::randn({64, 3}).requires_grad_();
  // By powers of two, so that it does not matter whether a processor rounds products before it adds them.
  const auto places = at::randperm(64, at::kLong), weights = at::exp2(at::randint(-3, 4, {64}));
  const auto sum = bag_sum(rows, places, at::zeros({1}, at::kLong), weights);
  auto in_order = at::zeros({3});
  for (std::int64_t i = 0; i < 64; ++i) in_order += weights[i] * rows.detach()[places[i]];
  EXPECT_TRUE(sum.detach()[0].equal(in_order));

  // One row in 64 bags.
  const auto row = at::randn({1, 3}).requires_grad_(), of_bags = at::randn({64, 3});
  const auto scaled = bag_sum(row, at::zeros({64}, at::kLong), at::arange(64), weights);
  in_order.zero_();
  for (std::int64_t i = 0; i < 64; ++i) in_order += weights[i] * of_bags[i];
  EXPECT_TRUE(torch::autograd::grad({scaled}, {row}, {of_bags})[0][0].equal(in_order));
}

TEST(Elementwise, AreLibTorchsWithTheirGradientsAndTheSameForEachElementAlone) {
  at::manual_seed(5);
  const auto x = (8.0 * at::randn({1001})).requires_grad_();
  const auto wide = x.detach().to(at::kDouble).requires_grad_();
  const auto expect = [&](const at::Tensor& found, const at::Tensor& expected) {
    expect_near(found, expected);
    expect_near(torch::autograd::grad({found.sin().sum()}, {x})[0],
                torch::autograd::grad({expected.sin().sum()}, {wide})[0]);
  };
  expect(sigmoid_by_element(x), at::sigmoid(wide));
  expect(softplus_by_element(x), at::softplus(wide));
  expect(tanh_by_element(x), at::tanh(wide));
  const auto all = x.detach();
  for (std::int64_t i = 0; i < 40; ++i) {
    EXPECT_TRUE(sigmoid_by_element(all.narrow(0, 961 + i, 1)).equal(sigmoid_by_element(all).narrow(0, 961 + i, 1)));
    EXPECT_TRUE(tanh_by_element(all.narrow(0, 961 + i, 1)).equal(tanh_by_element(all).narrow(0, 961 + i, 1)));
    EXPECT_TRUE(softplus_by_element(all.narrow(0, 961 + i, 1)).equal(softplus_by_element(all).narrow(0, 961 + i, 1)));
  }
  EXPECT_EQ(softplus_by_element(at::full({1}, -200.0)).item<float>(), 0.0f);
  EXPECT_EQ(sigmoid_by_element(at::full({1}, -200.0)).item<float>(), 0.0f);
  EXPECT_EQ(tanh_by_element(at::full({1}, 200.0)).item<float>(), 1.0f);
}

}  // namespace
}  // namespace warmstart
