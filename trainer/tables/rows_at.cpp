#include "trainer/tables/rows_at.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace warmstart {

at::Tensor rows_at(const at::Tensor& table, const at::Tensor& places, std::int64_t width) {
  constexpr std::int64_t kAhead = 8;  // rows that are on their way from memory meanwhile
  const auto count = places.numel(), stride = table.stride(0);
  auto rows = at::empty({count, width}, at::kFloat);
  const auto* from = table.const_data_ptr<float>();
  const auto* place = places.const_data_ptr<std::int64_t>();
  auto* to = rows.mutable_data_ptr<float>();
  for (std::int64_t i = 0; i < count; ++i, to += width) {
    const auto* next = from + place[std::min(i + kAhead, count - 1)] * stride;
    for (std::int64_t k = 0; k < width; k += 16) __builtin_prefetch(next + k);
    std::copy_n(from + place[i] * stride, width, to);
  }
  return rows;
}

}  // namespace warmstart
