// Loops over the values of a few rows.

#pragma once

#include <cstdint>

namespace warmstart {

// In place, for `count` values: z[i] = z[i] > 0 ? z[i] : slope * z[i].
void rectify(float* z, std::int64_t count, float slope);

// g[i] = z[i] > 0 ? d[i] : slope * d[i], where z is the rectified result.  `g` may be `d`.
void before_rectifier(float* g, const float* d, const float* z, std::int64_t count, float slope);

// sum [length] += rows [count, length].
void add_rows(float* sum, const float* rows, std::int64_t count, std::int64_t length);

}  // namespace warmstart
