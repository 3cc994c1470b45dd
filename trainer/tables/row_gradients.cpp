#include "trainer/tables/row_gradients.h"

#include <ATen/ATen.h>

namespace warmstart {
namespace {

double sum_of_squares(const float* row, std::int64_t width) {
  constexpr std::int64_t kLanes = 8;
  double sums[kLanes] = {};
  std::int64_t i = 0;
  for (; i + kLanes <= width; i += kLanes)
    for (std::int64_t lane = 0; lane < kLanes; ++lane)
      sums[lane] += static_cast<double>(row[i + lane]) * static_cast<double>(row[i + lane]);
  double sum = ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
  for (; i < width; ++i) sum += static_cast<double>(row[i]) * static_cast<double>(row[i]);
  return sum;
}

void add_by_shard(const RowGradient& gradient, double* sums) {
  const auto& table = *gradient.table;
  const auto* place = gradient.places.const_data_ptr<std::int64_t>();
  const auto* row = gradient.gradient.const_data_ptr<float>();
  for (std::int64_t i = 0; i < gradient.places.numel(); ++i)
    sums[table.shards.first + place[i] / table.places.per_shard()] +=
        sum_of_squares(row + i * table.width, table.width);
}

}  // namespace

double squared_norm(const std::vector<RowGradient>& gradients, Communicator& group) {
  auto sums = at::zeros({static_cast<std::int64_t>(gradients.size()) * kVirtualShards}, at::kDouble);
  auto* sum = sums.mutable_data_ptr<double>();
  for (std::size_t i = 0; i < gradients.size(); ++i)
    add_by_shard(gradients[i], sum + static_cast<std::int64_t>(i) * kVirtualShards);
  group.sum(sums);
  double total = 0.0;
  for (std::int64_t i = 0; i < sums.numel(); ++i) total += sums.const_data_ptr<double>()[i];
  return total;
}

}  // namespace warmstart
