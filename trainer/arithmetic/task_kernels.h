// Products of a few rows on one core: too small for a BLAS to be at its best, which packs each matrix first.  Dense
// float32 matrices, row after row.  Each element is added up in an order that neither the CPU nor the number of threads
// changes.

#pragma once

#include <cstdint>

namespace warmstart {

// products [rows, columns] = a [rows, length] b', b [columns, length].
void row_products(float* products, const float* a, const float* b, std::int64_t rows, std::int64_t columns,
                  std::int64_t length);

// Sums of fewer columns than this are better products of rows.
constexpr std::int64_t kFewColumns = 8;

// A matrix [rows, count] of weights, or such a one transposed.
struct RowWeights {
  const float* at;
  std::int64_t row_stride, stride;
};

// What a sum starts from: rows, one row for all (stride 0), or nothing (null).
struct RowStart {
  const float* at;
  std::int64_t row_stride;
};

// sum [rows, length] = start + weights b, b [count, length].  `start` may be `sum`.
void weighted_rows(float* sum, RowStart start, RowWeights weights, const float* b, std::int64_t rows,
                   std::int64_t count, std::int64_t length);

// In place, for `count` values: z[i] = z[i] > 0 ? z[i] : slope * z[i].
void rectify(float* z, std::int64_t count, float slope);

// g[i] = z[i] > 0 ? d[i] : slope * d[i], where z is the rectified result.  `g` may be `d`.
void before_rectifier(float* g, const float* d, const float* z, std::int64_t count, float slope);

// sum [length] += rows [count, length].
void add_rows(float* sum, const float* rows, std::int64_t count, std::int64_t length);

}  // namespace warmstart
