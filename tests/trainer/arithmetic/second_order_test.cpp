#include "trainer/arithmetic/second_order.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include "trainer/arithmetic/bag_sum.h"
#include "trainer/arithmetic/by_element.h"
#include "trainer/arithmetic/left_out_rows.h"
#include "trainer/arithmetic/quadratic_form.h"
#include "trainer/arithmetic/task_kernels.h"
#include "trainer/arithmetic/task_product.h"
#include "trainer/arithmetic/weighted_squares.h"

namespace warmstart {
namespace {

void expect_differentiable_once(const at::Tensor& x, const at::Tensor& result) {
  EXPECT_NO_THROW(torch::autograd::grad({result.sum()}, {x}, {}, /*retain_graph=*/true));
  EXPECT_THROW(torch::autograd::grad({result.sum()}, {x}, {}, true, /*create_graph=*/true), c10::Error);
}

TEST(SecondOrder, IsRefusedWhereAReversePassIsNotRecorded) {
  const auto x = at::ones({2, 3, 4}).requires_grad_(), rows = at::ones({2, 4}).requires_grad_();
  expect_differentiable_once(x, sigmoid_by_element(x));
  expect_differentiable_once(x, softplus_by_element(x));
  const auto places = at::tensor({0, 1}, at::kLong), offsets = at::tensor({0}, at::kLong);
  expect_differentiable_once(rows, bag_sum(rows, places, offsets, at::ones({2})));
  if (!has_task_kernels()) return;
  expect_differentiable_once(x, task_product(x, at::ones({2, 4, 5})));
  expect_differentiable_once(x, quadratic_form(x, at::ones({2, 4, 4})));
  const auto column = at::ones({2, 3, 1});
  expect_differentiable_once(x, weighted_squares(x, column));
  expect_differentiable_once(
      x, left_out_rows({x, at::ones({2, 4, 4}), column, column, at::ones({2, 4, 1}), at::ones({2, 1, 1, 4})}));
}

}  // namespace
}  // namespace warmstart
