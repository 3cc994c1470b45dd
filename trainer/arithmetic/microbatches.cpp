#include "trainer/arithmetic/microbatches.h"

#include <ATen/ATen.h>

namespace warmstart {

at::Tensor Microbatches::rows_of(const at::Tensor& rows, std::int64_t m) const {
  const auto matrix = rows.flatten(0, -2);
  const bool are_distinct = rows.dim() == 2 && !first_rows.empty();
  const auto first = [&](std::int64_t m) {
    return are_distinct ? first_rows[static_cast<std::size_t>(m)] : matrix.size(0) * m / count;
  };
  return matrix.narrow(0, first(m), first(m + 1) - first(m));
}

std::vector<std::int64_t> Microbatches::first_tasks(std::int64_t tasks) const {
  std::vector<std::int64_t> firsts;
  for (std::int64_t m = 0; m <= count; ++m) firsts.push_back(tasks * m / count);
  return firsts;
}

at::Tensor Microbatches::for_tasks(const at::Tensor& values, std::int64_t tasks) const {
  auto sizes = values.sizes().vec();
  sizes.insert(sizes.begin() + 1, tasks / count);
  return values.unsqueeze(1).expand(sizes).flatten(0, 1);
}

at::Tensor Microbatches::for_distinct_rows(const at::Tensor& values) const {
  std::vector<at::Tensor> parts;
  auto sizes = values.sizes().vec();
  for (std::int64_t m = 0; m < count; ++m) {
    const auto i = static_cast<std::size_t>(m);
    sizes[0] = first_rows[i + 1] - first_rows[i];
    parts.push_back(values.narrow(0, m, 1).expand(sizes));
  }
  return at::cat(parts);
}

}  // namespace warmstart
