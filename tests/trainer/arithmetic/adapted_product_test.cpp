// A few tasks at a time in float32 against LibTorch's products in double precision, which adapted_linear_test holds
// against autograd.

#include "trainer/arithmetic/adapted_product.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include "trainer/arithmetic/adapted_product_by_task.h"
#include "trainer/arithmetic/task_kernels.h"

namespace warmstart {
namespace {

constexpr std::int64_t kTasks = 8;

struct Case {
  std::int64_t rows, inputs, outputs, memory;
  bool backward = false;  // as the layer's backward pass calls it
  bool bias = false, start = false, shared = true, learned = false;
  std::int64_t microbatches = 1;
};

void PrintTo(const Case& c, std::ostream* out) {  // NOLINT(readability-identifier-naming): GoogleTest's name
  *out << c.rows << " rows, " << c.inputs << " inputs, " << c.outputs << " outputs, " << c.memory << " remembered";
}

at::Tensor random(at::IntArrayRef shape) { return at::randn(shape, at::kDouble).requires_grad_(); }

AdaptedProductTerms random_terms(const Case& c) {
  AdaptedProductTerms terms;
  terms.x = random({kTasks, c.rows, c.inputs});
  if (c.shared) {
    auto& of_parameter = c.backward ? terms.shared.matrix : terms.shared.transpose;
    auto& other = c.backward ? terms.shared.transpose : terms.shared.matrix;
    of_parameter = random(c.backward ? at::IntArrayRef{c.inputs, c.outputs} : at::IntArrayRef{c.outputs, c.inputs});
    other = of_parameter.detach().t().contiguous();
  }
  if (c.memory > 0) {
    terms.remembered = {
        random({kTasks, c.memory, c.inputs}), random({kTasks, c.memory, c.outputs}), random({kTasks, 1, c.memory}), {}};
    if (!c.learned) terms.remembered.shares = terms.remembered.shares.detach();
    if (c.learned) terms.remembered.key_bias = random({});
    if (!c.learned && !c.backward) terms.remembered.plain_bias = 1.0;
  }
  if (c.bias) terms.start_bias = random({c.outputs});
  if (c.start) terms.start_rows = random({kTasks, c.rows, c.outputs});
  terms.rectifier = {!c.backward, 0.1};
  if (c.backward) terms.behind = random({kTasks, c.rows, c.inputs}).detach();
  terms.behind_slope = 0.1;
  terms.learns = {.matrix = c.shared && c.backward,
                  .transpose = c.shared && !c.backward,
                  .start_bias = c.bias,
                  .key_bias = c.memory > 0 && c.learned};
  terms.microbatches.count = c.microbatches;
  return terms;
}

at::Tensor single(const at::Tensor& tensor) {
  return tensor.defined() ? tensor.detach().to(at::kFloat).requires_grad_(tensor.requires_grad()) : tensor;
}

AdaptedProductTerms single(AdaptedProductTerms terms) {
  for (auto* tensor :
       {&terms.x, &terms.shared.matrix, &terms.shared.transpose, &terms.remembered.keys, &terms.remembered.values,
        &terms.remembered.shares, &terms.remembered.key_bias, &terms.start_bias, &terms.start_rows, &terms.behind})
    *tensor = single(*tensor);
  return terms;
}

void expect_near(const char* name, const at::Tensor& found, const at::Tensor& expected) {
  ASSERT_EQ(found.defined(), expected.defined()) << name;
  if (!found.defined()) return;
  ASSERT_EQ(found.sizes(), expected.sizes()) << name;
  EXPECT_EQ(found.scalar_type(), at::kFloat) << name;
  const double largest = expected.abs().max().item<double>();
  EXPECT_GT(largest, 0.0) << name;
  EXPECT_LT((found.to(at::kDouble) - expected).abs().max().item<double>(), 1e-5 * largest) << name;
}

class AdaptedProductTest : public testing::TestWithParam<std::tuple<Case, int>> {
 protected:
  AdaptedProductTest() { at::set_num_threads(std::get<1>(GetParam())); }
  ~AdaptedProductTest() override { at::set_num_threads(threads_); }
  void SetUp() override {
    if (!has_task_kernels()) GTEST_SKIP() << "no task kernels";
  }

 private:
  const int threads_ = at::get_num_threads();
};

TEST_P(AdaptedProductTest, ByTaskEqualsLibTorchsProducts) {
  const auto& c = std::get<0>(GetParam());
  at::manual_seed(7);
  const at::NoGradGuard no_grad;  // as in a reverse pass
  const auto wide = random_terms(c), terms = single(wide);
  ASSERT_TRUE(goes_by_task(terms));
  ASSERT_FALSE(goes_by_task(wide));
  const Products of(Precision::kFloat32);
  const auto expected = adapted_product(of, wide), made = adapted_product(of, terms);
  expect_near("x", made.x, expected.x);
  expect_near("z", made.z, expected.z);
  const auto d = at::randn_like(expected.z);
  const auto elsewhere = c.backward ? at::randn_like(expected.x) : at::Tensor();
  const auto back_expected = adapted_product_gradients(of, wide, expected, d, elsewhere);
  const auto back = adapted_product_gradients(of, terms, made, single(d), single(elsewhere));
  expect_near("of x", back.x, back_expected.x);
  expect_near("of matrix", back.matrix, back_expected.matrix);
  expect_near("of transpose", back.transpose, back_expected.transpose);
  expect_near("of keys", back.keys, back_expected.keys);
  expect_near("of values", back.values, back_expected.values);
  expect_near("of shares", back.shares, back_expected.shares);
  expect_near("of key_bias", back.key_bias, back_expected.key_bias);
  expect_near("of start_bias", back.start_bias, back_expected.start_bias);
  expect_near("of start_rows", back.start_rows, back_expected.start_rows);
}

// One microbatch of some of the tasks.
AdaptedProductTerms of_tasks(AdaptedProductTerms terms, std::int64_t first, std::int64_t count) {
  for (auto* tensor : {&terms.x, &terms.remembered.keys, &terms.remembered.values, &terms.remembered.shares,
                       &terms.start_rows, &terms.behind})
    if (tensor->defined()) *tensor = tensor->narrow(0, first, count).clone().requires_grad_(tensor->requires_grad());
  terms.microbatches.count = 1;
  return terms;
}

void expect_part_is_same(const char* name, const at::Tensor& among, const at::Tensor& alone, std::int64_t part) {
  if (among.defined()) {
    EXPECT_TRUE(among.narrow(0, part, 1).equal(alone)) << name << " of part " << part;
  }
}

// A product and its gradients.
struct ThereAndBack {
  AdaptedProduct made;
  AdaptedProductGradients back;
};

// Calls compare(part, among, alone) for each of so many equal parts of the tasks.
template <typename Compare>
void for_parts_alone(const Case& c, std::int64_t parts, const Compare& compare) {
  at::manual_seed(7);
  const at::NoGradGuard no_grad;
  const auto terms = single(random_terms(c));
  const Products of(Precision::kFloat32);
  const auto made = adapted_product(of, terms);
  const auto d = at::randn_like(made.z);
  const ThereAndBack among = {made, adapted_product_gradients(of, terms, made, d)};
  const auto tasks = kTasks / parts;
  for (std::int64_t part = 0; part < parts; ++part) {
    const auto own = of_tasks(terms, part * tasks, tasks);
    const auto own_made = adapted_product(of, own);
    const auto own_back = adapted_product_gradients(of, own, own_made, d.narrow(0, part * tasks, tasks));
    compare(part, among, ThereAndBack{own_made, own_back});
  }
}

TEST_P(AdaptedProductTest, ATaskHasTheSameBitsAloneAndAmongOthers) {
  const auto same = [](std::int64_t task, const ThereAndBack& among, const ThereAndBack& alone) {
    expect_part_is_same("z", among.made.z, alone.made.z, task);
    expect_part_is_same("of x", among.back.x, alone.back.x, task);
    expect_part_is_same("of keys", among.back.keys, alone.back.keys, task);
    expect_part_is_same("of values", among.back.values, alone.back.values, task);
    expect_part_is_same("of shares", among.back.shares, alone.back.shares, task);
  };
  for_parts_alone(std::get<0>(GetParam()), kTasks, same);
}

TEST_P(AdaptedProductTest, AMicrobatchHasTheSameBitsAloneAndAmongOthers) {
  const auto& c = std::get<0>(GetParam());
  const auto same = [](std::int64_t microbatch, const ThereAndBack& among, const ThereAndBack& alone) {
    expect_part_is_same("of matrix", among.back.matrix, alone.back.matrix, microbatch);
    expect_part_is_same("of transpose", among.back.transpose, alone.back.transpose, microbatch);
    expect_part_is_same("of start_bias", among.back.start_bias, alone.back.start_bias, microbatch);
    expect_part_is_same("of key_bias", among.back.key_bias, alone.back.key_bias, microbatch);
  };
  for_parts_alone(c, c.microbatches, same);
}

// Rows that several tasks share, as many a microbatch as it happens to have.
TEST(AdaptedProduct, OfDistinctRowsHasEachMicrobatchsGradient) {
  if (!has_task_kernels()) GTEST_SKIP() << "no task kernels";
  at::manual_seed(7);
  const at::NoGradGuard no_grad;
  const auto wide_x = random({300, 24}), wide_w = random({17, 24}), wide_b = random({17});
  AdaptedProductTerms terms;
  terms.x = single(wide_x);
  terms.shared = {single(wide_w).detach().t().contiguous(), single(wide_w)};
  terms.start_bias = single(wide_b);
  terms.learns = {.transpose = true, .start_bias = true};
  terms.microbatches = {3, {0, 211, 211, 300}};
  ASSERT_TRUE(goes_by_task(terms));
  const Products of(Precision::kFloat32);
  const auto made = adapted_product(of, terms);
  expect_near("z", made.z, at::linear(wide_x, wide_w, wide_b));
  const auto d = at::randn_like(made.z);
  const auto back = adapted_product_gradients(of, terms, made, d);
  const auto wide_d = d.to(at::kDouble);
  expect_near("of x", back.x, wide_d.mm(wide_w));
  for (std::int64_t m = 0; m < 3; ++m) {
    const auto first = terms.microbatches.first_rows[static_cast<std::size_t>(m)],
               count = terms.microbatches.first_rows[static_cast<std::size_t>(m) + 1] - first;
    if (count == 0) {
      EXPECT_EQ(back.transpose[m].abs().max().item<float>(), 0.0f);
      continue;
    }
    const auto own = wide_d.narrow(0, first, count);
    expect_near("of transpose", back.transpose[m], own.t().mm(wide_x.narrow(0, first, count)));
    expect_near("of start_bias", back.start_bias[m], own.sum(0));
  }
}

std::vector<Case> cases() {
  return {
      {.rows = 5, .inputs = 4, .outputs = 6, .memory = 0, .bias = true},
      {.rows = 5, .inputs = 9, .outputs = 17, .memory = 3, .bias = true},
      {.rows = 20, .inputs = 64, .outputs = 64, .memory = 20, .bias = true},
      {.rows = 130, .inputs = 40, .outputs = 136, .memory = 11, .bias = true, .start = true, .learned = true},
      {.rows = 10, .inputs = 64, .outputs = 1, .memory = 20, .bias = true},
      {.rows = 3, .inputs = 1, .outputs = 33, .memory = 2, .start = true, .learned = true},
      {.rows = 3, .inputs = 7, .outputs = 12, .memory = 2, .start = true, .shared = false},
      {.rows = 5, .inputs = 6, .outputs = 4, .memory = 0, .backward = true},
      {.rows = 20, .inputs = 64, .outputs = 64, .memory = 20, .backward = true},
      {.rows = 40, .inputs = 136, .outputs = 129, .memory = 5, .backward = true},
      {.rows = 10, .inputs = 1, .outputs = 64, .memory = 20, .backward = true},
      {.rows = 20, .inputs = 64, .outputs = 64, .memory = 20, .bias = true, .learned = true, .microbatches = 4},
      {.rows = 5, .inputs = 6, .outputs = 4, .memory = 3, .backward = true, .microbatches = 2},
  };
}

INSTANTIATE_TEST_SUITE_P(Shapes, AdaptedProductTest,
                         testing::Combine(testing::ValuesIn(cases()), testing::Values(1, 3)));

TEST(AdaptedProduct, LeavesToLibTorchWhatDoesNotGoByTask) {
  if (!has_task_kernels()) GTEST_SKIP() << "no task kernels";
  auto terms = single(random_terms({.rows = 5, .inputs = 4, .outputs = 6, .memory = 3}));
  ASSERT_TRUE(goes_by_task(terms));
  auto rows = terms;
  rows.x = terms.x.flatten(0, 1);
  EXPECT_FALSE(goes_by_task(rows));
  auto strided = terms;
  strided.remembered.keys = at::zeros({kTasks, 4, 3}).transpose(1, 2);
  EXPECT_FALSE(goes_by_task(strided));
}

}  // namespace
}  // namespace warmstart
