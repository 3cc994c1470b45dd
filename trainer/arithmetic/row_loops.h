// Loops over the rows of one task.

#pragma once

#include <cstdint>

namespace warmstart {

// The sum of a[i] b[i], in an order that depends on `count` alone.
inline float dot(const float* a, const float* b, std::int64_t count) {
  float sum = 0.0f;
#pragma omp simd reduction(+ : sum) simdlen(16)
  for (std::int64_t i = 0; i < count; ++i) sum += a[i] * b[i];
  return sum;
}

// to += factor * values.
inline void add_scaled(float* __restrict to, float factor, const float* __restrict values, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) to[i] += factor * values[i];
}

// How many rows of a task there are, of `most` whose weights are 0 where they are padded.
inline std::int64_t rows_that_count(const float* weights, std::int64_t most) {
  while (most > 0 && weights[most - 1] == 0.0f) --most;
  return most;
}

}  // namespace warmstart
