#include "trainer/tables/tree_of_rows.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace warmstart {
namespace {

// A microbatch's row of an id.
template <typename Float>
struct Leaf {
  std::int64_t microbatch;
  const Float* row;
};

// Adds rows of one id as TreeSum adds leaves: microbatches m and n meet at the level where m >> level is n >> level.
template <typename Float>
class TreeOfRows {
 public:
  TreeOfRows(std::int64_t width, std::int64_t microbatches) : width_(width) {
    while (microbatches > std::int64_t{1} << levels_) ++levels_;
    partial_sums_.resize(static_cast<std::size_t>(std::int64_t{2} * (levels_ + 1) * width));
  }

  // Of [first, last), which is not empty and in the order of microbatches.  Valid until the next call.
  const Float* sum(const Leaf<Float>* first, const Leaf<Float>* last) { return sum(first, last, levels_, 0); }

 private:
  // `side`: 0 on the left of its parent, 1 on the right.
  const Float* sum(const Leaf<Float>* first, const Leaf<Float>* last, int level, int side) {
    if (last - first == 1) return first->row;
    auto below = level;
    const Leaf<Float>* right = nullptr;
    do {
      --below;
      right = std::find_if(first, last, [&](const auto& leaf) { return leaf.microbatch >> below & 1; });
    } while (right == first || right == last);
    const auto *a = sum(first, right, below, 0), *b = sum(right, last, below, 1);
    auto* sum = partial_sums_.data() + (2 * level + side) * width_;
    for (std::int64_t i = 0; i < width_; ++i) sum[i] = a[i] + b[i];
    return sum;
  }

  std::int64_t width_;
  int levels_ = 0;
  std::vector<Float> partial_sums_;  // a row for each level and side
};

// The leaves of all ids, those of an id side by side in the order of microbatches, and where each id's begin.
template <typename Float>
std::pair<std::vector<Leaf<Float>>, std::vector<std::int64_t>> by_id(const at::Tensor& rows, const IdLookup& lookup) {
  const auto width = rows.size(1), count = rows.size(0);
  const auto* in_all = lookup.in_all.const_data_ptr<std::int64_t>();
  std::vector<std::int64_t> ends(static_cast<std::size_t>(lookup.all.size(0)) + 1);
  for (std::int64_t place = 0; place < count; ++place) ++ends[static_cast<std::size_t>(in_all[place]) + 1];
  for (std::size_t id = 1; id < ends.size(); ++id) ends[id] += ends[id - 1];
  auto firsts = ends;
  std::vector<Leaf<Float>> leaves(static_cast<std::size_t>(count));
  const auto* row = rows.const_data_ptr<Float>();
  for (std::size_t m = 0; m + 1 < lookup.firsts.size(); ++m) {
    for (auto place = lookup.firsts[m]; place < lookup.firsts[m + 1]; ++place) {
      auto& next = firsts[static_cast<std::size_t>(in_all[place])];
      leaves[static_cast<std::size_t>(next++)] = {static_cast<std::int64_t>(m), row + place * width};
    }
  }
  return {std::move(leaves), std::move(ends)};
}

template <typename Float>
void add_sums(at::Tensor& table, const at::Tensor& rows, const IdLookup& lookup) {
  const auto width = table.size(1);
  const auto [leaves, firsts] = by_id<Float>(rows, lookup);
  TreeOfRows<Float> tree(width, static_cast<std::int64_t>(lookup.firsts.size()) - 1);
  const auto* id = lookup.all.const_data_ptr<std::int64_t>();
  auto* to = table.mutable_data_ptr<Float>();
  for (std::size_t i = 0; i + 1 < firsts.size(); ++i) {
    if (firsts[i] == firsts[i + 1]) continue;
    const auto* sum = tree.sum(leaves.data() + firsts[i], leaves.data() + firsts[i + 1]);
    for (std::int64_t k = 0; k < width; ++k) to[id[i] * width + k] += sum[k];
  }
}

}  // namespace

void add_tree_of_rows(at::Tensor table, const at::Tensor& rows, const IdLookup& lookup) {
  if (!table.is_cpu())
    table.index_add_(0, lookup.ids, rows);
  else if (table.scalar_type() == at::kDouble)
    add_sums<double>(table, rows.contiguous(), lookup);
  else
    add_sums<float>(table, rows.contiguous(), lookup);
}

}  // namespace warmstart
