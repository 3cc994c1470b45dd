// Against LibTorch's products in double precision.

#include "trainer/arithmetic/task_products.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

namespace warmstart {
namespace {

constexpr std::int64_t kTasks = 3;

void expect_near(const at::Tensor& result, const at::Tensor& expected) {
  ASSERT_EQ(result.sizes(), expected.sizes());
  EXPECT_LT((result.to(at::kDouble) - expected).abs().max().item<double>(), 1e-5 * expected.abs().max().item<double>());
}

// Around the blocks of 2, 4 and 6 rows and of 8 and 16 lanes that the functions work in.
struct Shape {
  std::int64_t rows, count, length;
};
class TaskProductsTest : public testing::TestWithParam<Shape> {};

TEST_P(TaskProductsTest, EqualLibTorchs) {
  const auto [rows, count, length] = GetParam();
  at::manual_seed(3);
  const auto a = at::randn({kTasks, rows, count}), b = at::randn({kTasks, count, length}),
             c = at::randn({kTasks, rows, length});
  const auto wide_a = a.to(at::kDouble), wide_b = b.to(at::kDouble), wide_c = c.to(at::kDouble);
  ASSERT_TRUE(suits_task_products(a, b));
  expect_near(task_product_ab(a, b), at::bmm(wide_a, wide_b));
  expect_near(task_product_abt(c, b), at::bmm(wide_c, wide_b.transpose(1, 2)));
  expect_near(task_product_atb(a, c), at::bmm(wide_a.transpose(1, 2), wide_c));
  auto sum = c.clone();
  add_task_product_ab(sum, a, b);
  expect_near(sum, wide_c + at::bmm(wide_a, wide_b));
}

std::string name_of_shape(const testing::TestParamInfo<Shape>& info) {
  return std::to_string(info.param.rows) + "_" + std::to_string(info.param.count) + "_" +
         std::to_string(info.param.length);
}

INSTANTIATE_TEST_SUITE_P(Shapes, TaskProductsTest,
                         testing::Values(Shape{1, 1, 1}, Shape{2, 4, 8}, Shape{5, 3, 7}, Shape{6, 5, 9},
                                         Shape{3, 20, 24}, Shape{11, 9, 15}, Shape{10, 20, 64}, Shape{4, 2, 33}),
                         name_of_shape);

TEST(TaskProducts, LeaveToLibTorchWhatTheyDoNotTake) {
  const auto a = at::zeros({2, 3, 4}), b = at::zeros({2, 4, 8});
  EXPECT_FALSE(suits_task_products(a.to(at::kDouble), b.to(at::kDouble)));
  EXPECT_FALSE(suits_task_products(a, at::zeros({2, 8, 4}).transpose(1, 2)));
  EXPECT_FALSE(suits_task_products(at::zeros({2, 0, 4}), b));
}

}  // namespace
}  // namespace warmstart
