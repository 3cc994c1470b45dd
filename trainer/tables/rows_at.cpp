#include "trainer/tables/rows_at.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <stdexcept>

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

at::Tensor rows_of(const at::Tensor& known, const at::Tensor& rows, const at::Tensor& wanted,
                   const std::string& table) {
  if (wanted.numel() == 0) return at::empty({0, rows.size(1)}, at::kFloat);
  const auto found = at::searchsorted(known, wanted);
  if (known.numel() == 0 || !at::equal(known.index_select(0, found.clamp_max(known.numel() - 1)), wanted))
    throw std::logic_error(table + ": a row is asked for of which this process has no copy");
  return rows_at(rows, found, rows.size(1));
}

}  // namespace warmstart
