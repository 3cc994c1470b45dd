#include "trainer/arithmetic/task_kernels.h"

#include <algorithm>
#include <cstring>

namespace warmstart {
namespace {

// Clang 14 refuses vectors of this width in the signatures of a function's variants; other processors have no variants.
#if defined(__x86_64__) && !defined(__clang__)
#define WARMSTART_CPU_VARIANTS __attribute__((target_clones("arch=x86-64-v3", "default")))
#else
#define WARMSTART_CPU_VARIANTS
#endif

using Lanes = float __attribute__((vector_size(32)));
using HalfLanes = float __attribute__((vector_size(16)));
constexpr std::int64_t kLanes = 8;

[[gnu::always_inline]] inline Lanes load(const float* from) {
  Lanes lanes;
  std::memcpy(&lanes, from, sizeof lanes);
  return lanes;
}

template <typename Vector>
[[gnu::always_inline]] inline void store(float* to, const Vector& lanes) {
  std::memcpy(to, &lanes, sizeof lanes);
}

// Sums of neighbours, of both in turn within each half.
[[gnu::always_inline]] inline Lanes add_pairs(const Lanes& a, const Lanes& b) {
  return __builtin_shufflevector(a, b, 0, 2, 8, 10, 4, 6, 12, 14) +
         __builtin_shufflevector(a, b, 1, 3, 9, 11, 5, 7, 13, 15);
}

// The products of two rows with four, row by row: 8 lanes each, added up together at the end.
[[gnu::always_inline]] inline Lanes block_products(const float* a0, const float* a1, const float* const* b,
                                                   std::int64_t length) {
  Lanes sum[8] = {};
  const auto whole = length - length % kLanes;
  for (std::int64_t k = 0; k < whole; k += kLanes) {
    const auto x0 = load(a0 + k), x1 = load(a1 + k);
    for (int i = 0; i < 4; ++i) {
      const auto y = load(b[i] + k);
      sum[i] += x0 * y;
      sum[4 + i] += x1 * y;
    }
  }
  const auto first = add_pairs(add_pairs(sum[0], sum[1]), add_pairs(sum[2], sum[3]));
  const auto second = add_pairs(add_pairs(sum[4], sum[5]), add_pairs(sum[6], sum[7]));
  Lanes total = __builtin_shufflevector(first, second, 0, 1, 2, 3, 8, 9, 10, 11) +
                __builtin_shufflevector(first, second, 4, 5, 6, 7, 12, 13, 14, 15);
  for (auto k = whole; k < length; ++k)
    total += a0[k] * Lanes{b[0][k], b[1][k], b[2][k], b[3][k]} +
             a1[k] * Lanes{0, 0, 0, 0, b[0][k], b[1][k], b[2][k], b[3][k]};
  return total;
}

// What a rectifier multiplies by.  Not left to the compiler, which would branch on each value.
[[gnu::always_inline]] inline Lanes rectifier_factor(const Lanes& z, float slope) {
  return z > 0.0f ? Lanes{} + 1.0f : Lanes{} + slope;
}

}  // namespace

WARMSTART_CPU_VARIANTS
void row_products(float* products, const float* a, const float* b, std::int64_t rows, std::int64_t columns,
                  std::int64_t length) {
  for (std::int64_t r = 0; r < rows; r += 2) {
    // Beyond the end the last row is taken again, and not stored.
    const float* a0 = a + r * length;
    const float* a1 = r + 1 < rows ? a0 + length : a0;
    float* to0 = products + r * columns;
    float* to1 = r + 1 < rows ? to0 + columns : to0;
    for (std::int64_t c = 0; c < columns; c += 4) {
      const float* b_row[4];
      for (int i = 0; i < 4; ++i) b_row[i] = b + std::min(c + i, columns - 1) * length;
      const auto total = block_products(a0, a1, b_row, length);
      if (c + 4 <= columns) {
        store(to1 + c, HalfLanes(__builtin_shufflevector(total, total, 4, 5, 6, 7)));
        store(to0 + c, HalfLanes(__builtin_shufflevector(total, total, 0, 1, 2, 3)));
        continue;
      }
      for (int i = 0; c + i < columns; ++i) {
        to1[c + i] = total[4 + i];
        to0[c + i] = total[i];
      }
    }
  }
}

namespace {

constexpr int kRows = 6;

// weighted_rows of up to kRows rows and 16 columns, as two vectors of 8.  `second`: offset of the second vector, 0 if
// there is one only.
[[gnu::always_inline]] inline void weighted_block(float* sum, RowStart start, const RowWeights& weights, const float* b,
                                                  std::int64_t stride, std::int64_t second, std::int64_t rows,
                                                  std::int64_t count, std::int64_t length) {
  const float* weight[kRows];
  for (int i = 0; i < kRows; ++i) weight[i] = weights.at + std::min<std::int64_t>(i, rows - 1) * weights.row_stride;
  Lanes left[kRows] = {}, right[kRows] = {};
  for (std::int64_t j = 0; j < count; ++j) {
    const auto y0 = load(b + j * stride), y1 = load(b + j * stride + second);
    for (int i = 0; i < kRows; ++i) {
      const auto w = weight[i][j * weights.stride];
      left[i] += w * y0;
      right[i] += w * y1;
    }
  }
  for (int i = 0; i < kRows && i < rows; ++i) {
    float* to = sum + i * length;
    const float* from = start.at ? start.at + i * start.row_stride : nullptr;
    if (second) store(to + second, from ? load(from + second) + right[i] : right[i]);
    store(to, from ? load(from) + left[i] : left[i]);
  }
}

}  // namespace

WARMSTART_CPU_VARIANTS
void weighted_rows(float* sum, RowStart start, RowWeights weights, const float* b, std::int64_t rows,
                   std::int64_t count, std::int64_t length) {
  const auto whole = length - length % kLanes;
  // Rows far apart in memory share few places in the first cache: where they are met often, their columns are copied
  // side by side.
  constexpr std::int64_t kCopied = 512;
  const bool copies = length >= 128 && rows >= 32 && count >= 32 && count <= kCopied;
  alignas(64) float columns[kCopied * 2 * kLanes];
  for (std::int64_t n = 0; n < whole; n += 2 * kLanes) {
    const auto second = n + kLanes < whole ? kLanes : 0;  // the last one may be alone: it is then added up twice
    for (std::int64_t j = 0; copies && j < count; ++j) {
      store(columns + j * 2 * kLanes, load(b + j * length + n));
      store(columns + j * 2 * kLanes + second, load(b + j * length + n + second));
    }
    for (std::int64_t r = 0; r < rows; r += kRows) {
      const RowStart block_start = {start.at ? start.at + r * start.row_stride + n : nullptr, start.row_stride};
      const RowWeights block = {weights.at + r * weights.row_stride, weights.row_stride, weights.stride};
      weighted_block(sum + r * length + n, block_start, block, copies ? columns : b + n, copies ? 2 * kLanes : length,
                     second, rows - r, count, length);
    }
  }
  for (std::int64_t r = 0; r < rows; ++r) {
    for (auto n = whole; n < length; ++n) {
      float total = 0.0f;
      for (std::int64_t j = 0; j < count; ++j)
        total += weights.at[r * weights.row_stride + j * weights.stride] * b[j * length + n];
      sum[r * length + n] = start.at ? start.at[r * start.row_stride + n] + total : total;
    }
  }
}

void rectify(float* z, std::int64_t count, float slope) { before_rectifier(z, z, z, count, slope); }

WARMSTART_CPU_VARIANTS
void before_rectifier(float* g, const float* d, const float* z, std::int64_t count, float slope) {
  std::int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes) store(g + i, Lanes(load(d + i) * rectifier_factor(load(z + i), slope)));
  for (; i < count; ++i) g[i] = d[i] * (z[i] > 0.0f ? 1.0f : slope);
}

WARMSTART_CPU_VARIANTS
void add_rows(float* sum, const float* rows, std::int64_t count, std::int64_t length) {
  for (std::int64_t r = 0; r < count; ++r)
    for (std::int64_t n = 0; n < length; ++n) sum[n] += rows[r * length + n];
}

}  // namespace warmstart
