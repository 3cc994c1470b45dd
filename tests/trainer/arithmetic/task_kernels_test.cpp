// Against the promise: each element's bits are those of one fused multiply-add a term, in the order of the terms.

#include "trainer/arithmetic/task_kernels.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "base/random.h"

namespace warmstart {
namespace {

using Values = std::vector<float>;

Values random(std::int64_t size, std::uint64_t seed) {
  RandomStream stream(seed, Purpose::kSynthesize);
  Values values(static_cast<std::size_t>(size));
  for (auto& value : values) value = static_cast<float>(stream.below(2000)) / 1000.0f - 1.0f;
  return values;
}

struct Shape {
  std::int64_t rows, count, length;
};

// start + weights b.
Values expected(const Shape& shape, Values start, const RowWeights& weights, const Values& b) {
  for (std::int64_t r = 0; r < shape.rows; ++r) {
    for (std::int64_t n = 0; n < shape.length; ++n) {
      auto& sum = start[static_cast<std::size_t>(r * shape.length + n)];
      for (std::int64_t j = 0; j < shape.count; ++j) {
        sum = std::fma(weights.at[r * weights.row_stride + j * weights.stride],
                       b[static_cast<std::size_t>(j * shape.length + n)], sum);
      }
    }
  }
  return start;
}

class TaskKernelsTest : public testing::TestWithParam<Shape> {
 protected:
  void SetUp() override {
    if (!has_task_kernels()) GTEST_SKIP() << "no LIBXSMM, or a processor without AVX2";
  }
};

TEST_P(TaskKernelsTest, AddUpTermAfterTerm) {
  const auto shape = GetParam();
  const auto [rows, count, length] = shape;
  const auto weights = random(rows * count, 1), b = random(count * length, 2), start = random(rows * length, 3);
  for (const auto& stored : {RowWeights{weights.data(), count, 1}, RowWeights{weights.data(), 1, rows}}) {
    auto sum = start;
    weighted_rows(sum.data(), {sum.data(), length}, stored, b.data(), rows, count, length);
    EXPECT_EQ(sum, expected(shape, start, stored, b));
  }
}

TEST_P(TaskKernelsTest, StartFromOneRowForAllOrNothing) {
  const auto shape = GetParam();
  const auto [rows, count, length] = shape;
  const auto weights = random(rows * count, 1), b = random(count * length, 2), bias = random(length, 3);
  const RowWeights stored = {weights.data(), count, 1};
  Values sum(static_cast<std::size_t>(rows * length)), start;
  weighted_rows(sum.data(), {}, stored, b.data(), rows, count, length);
  EXPECT_EQ(sum, expected(shape, Values(sum.size()), stored, b));
  weighted_rows(sum.data(), {bias.data(), 0}, stored, b.data(), rows, count, length);
  for (std::int64_t r = 0; r < rows; ++r) start.insert(start.end(), bias.begin(), bias.end());
  EXPECT_EQ(sum, expected(shape, start, stored, b));
}

TEST_P(TaskKernelsTest, MultiplyRowsByRows) {
  const auto [rows, length, columns] = GetParam();
  const auto a = random(rows * length, 1), b = random(columns * length, 2);
  Values products(static_cast<std::size_t>(rows * columns)), b_transposed;
  row_products(products.data(), a.data(), b.data(), rows, columns, length);
  for (std::int64_t k = 0; k < length; ++k)
    for (std::int64_t c = 0; c < columns; ++c) b_transposed.push_back(b[static_cast<std::size_t>(c * length + k)]);
  EXPECT_EQ(products, expected({rows, length, columns}, Values(products.size()), {a.data(), length, 1}, b_transposed));
}

std::string name_of_shape(const testing::TestParamInfo<Shape>& info) {
  return std::to_string(info.param.rows) + "_" + std::to_string(info.param.count) + "_" +
         std::to_string(info.param.length);
}

// Around the vectors, the kernels' own blocks and ours; up to 11 rows with 1 to 16 columns beyond a multiple of 64 are
// what LIBXSMM would add up in another order.
INSTANTIATE_TEST_SUITE_P(Shapes, TaskKernelsTest,
                         testing::Values(Shape{1, 1, 1}, Shape{1, 9, 1}, Shape{70, 30, 1}, Shape{2, 4, 8},
                                         Shape{5, 40, 7}, Shape{11, 64, 16}, Shape{12, 64, 16}, Shape{7, 23, 17},
                                         Shape{3, 24, 65}, Shape{3, 50, 80}, Shape{11, 31, 144}, Shape{20, 20, 64},
                                         Shape{10, 64, 20}, Shape{65, 257, 100}, Shape{130, 300, 260},
                                         Shape{4, 600, 266}),
                         name_of_shape);

}  // namespace
}  // namespace warmstart
