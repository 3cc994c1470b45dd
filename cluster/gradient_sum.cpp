#include "cluster/gradient_sum.h"

#include <ATen/ATen.h>

#include <bit>
#include <stdexcept>

namespace warmstart {

void TreeSum::add(at::Tensor leaf) {
  int level = 0;
  while (!partial_.empty() && partial_.back().first == level) {
    leaf = partial_.back().second.add_(leaf);
    partial_.pop_back();
    ++level;
  }
  partial_.emplace_back(level, std::move(leaf));
}

at::Tensor TreeSum::take() {
  if (partial_.empty()) throw std::logic_error("TreeSum: nothing was added");
  auto sum = partial_.back().second;
  for (auto i = partial_.size() - 1; i-- > 0;) sum = partial_[i].second.add_(sum);
  partial_.clear();
  return sum;
}

at::Tensor sum_as_tree(const at::Tensor& leaves) {
  const auto count = leaves.size(0);
  if (count == 1) return leaves[0];
  const auto sums = leaves.clone(at::MemoryFormat::Contiguous);
  for (std::int64_t apart = 1; apart < count; apart *= 2) {
    const auto right = sums.slice(0, apart, count, 2 * apart);
    sums.slice(0, 0, 2 * apart * right.size(0), 2 * apart).add_(right);
  }
  return sums[0];
}

MicrobatchRange microbatches_of(int rank, int ranks, int microbatches) {
  const int first = rank * microbatches / ranks;
  return {first, (rank + 1) * microbatches / ranks - first};
}

bool bits_are_independent_of_ranks(int ranks, int microbatches) {
  return std::has_single_bit(static_cast<unsigned>(ranks)) && ranks <= microbatches;
}

void sum_in_fixed_order(at::Tensor& tensor, Communicator& group) {
  const int ranks = group.size();
  if (ranks == 1) return;
  const auto padding = (ranks - tensor.numel() % ranks) % ranks;
  const auto padded = padding == 0 ? tensor : at::constant_pad_nd(tensor, {0, padding});
  TreeSum sum;
  for (auto& slice : group.exchange_slices(padded).chunk(ranks)) sum.add(slice);
  tensor.copy_(group.gather_slices(sum.take()).narrow(0, 0, tensor.numel()));
}

void sum_over_ranks(at::Tensor& tensor, Communicator& group, Reduction reduction) {
  if (group.size() == 1) return;
  const CountedAs counted(group, TrafficKind::kReduced);
  auto there = tensor.device().type() == group.device_type() ? tensor : tensor.to(group.device_type());
  if (reduction == Reduction::kFixedOrder)
    sum_in_fixed_order(there, group);
  else
    group.sum(there);
  if (!there.is_same(tensor)) tensor.copy_(there);
}

}  // namespace warmstart
