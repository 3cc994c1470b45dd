#include "trainer/arithmetic/elementwise.h"

namespace warmstart {

void rectify(float* z, std::int64_t count, float slope) { before_rectifier(z, z, z, count, slope); }

void before_rectifier(float* g, const float* d, const float* z, std::int64_t count, float slope) {
#pragma omp simd  // though g may be d
  for (std::int64_t i = 0; i < count; ++i) g[i] = z[i] > 0.0f ? d[i] : slope * d[i];
}

void add_rows(float* sum, const float* rows, std::int64_t count, std::int64_t length) {
  for (std::int64_t r = 0; r < count; ++r) {
#pragma omp simd
    for (std::int64_t n = 0; n < length; ++n) sum[n] += rows[r * length + n];
  }
}

}  // namespace warmstart
