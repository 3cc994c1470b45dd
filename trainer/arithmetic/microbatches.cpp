#include "trainer/arithmetic/microbatches.h"

#include <ATen/ATen.h>

#include "trainer/arithmetic/plain_arithmetic.h"

namespace warmstart {

std::vector<at::Tensor> Microbatches::split(const at::Tensor& rows) const {
  const auto matrix = rows.dim() == 2 ? rows : rows.flatten(0, -2);
  if (count == 1) return {matrix};
  const bool are_distinct = rows.dim() == 2 && !first_rows.empty();
  const auto firsts = are_distinct ? first_rows : first_tasks(matrix.size(0));
  std::vector<std::int64_t> sizes;
  for (std::size_t m = 0; m + 1 < firsts.size(); ++m) sizes.push_back(firsts[m + 1] - firsts[m]);
  return matrix.split_with_sizes(sizes);
}

std::vector<std::int64_t> Microbatches::first_tasks(std::int64_t tasks) const {
  std::vector<std::int64_t> firsts;
  for (std::int64_t m = 0; m <= count; ++m) firsts.push_back(tasks * m / count);
  return firsts;
}

at::Tensor Microbatches::for_tasks(const at::Tensor& values, std::int64_t tasks) const {
  if (PlainArithmetic::stands() && count == 1) return values;  // it broadcasts to however many tasks
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
