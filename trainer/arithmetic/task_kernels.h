// Products of a few rows on one core, by LIBXSMM, which compiles each shape for the processor at hand: a BLAS packs its
// matrices first, and is at its slowest where they are small.  Dense float32 matrices, row after row.
//
// Each element is its start, to which the terms are added one after the other, each in one rounding.  So its bits
// depend neither on the other rows of a call nor on the processor.

#pragma once

#include <cstdint>

namespace warmstart {

// Whether the products below are to be had: built with LIBXSMM, on a processor with AVX2 or AVX-512.
bool has_task_kernels();

// products [rows, columns] = a [rows, length] b', b [columns, length].
void row_products(float* products, const float* a, const float* b, std::int64_t rows, std::int64_t columns,
                  std::int64_t length);

// A matrix [rows, count] of weights: `row_stride` or `stride` is 1; with row_stride 1 it is stored transposed.
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

}  // namespace warmstart
