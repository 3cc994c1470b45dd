#include "trainer/training/tree_of_rows.h"

#include <ATen/ATen.h>

namespace warmstart {
namespace {

// A row of a node of the tree: its place in IdLookup's `all`, and where it lies.
struct PartialRow {
  std::int64_t in_all, place;
};
using Node = std::vector<PartialRow>;

// Adds sums of rows that lie in `rows`, level by level.
template <typename Float>
class TreeOfRows {
 public:
  TreeOfRows(Float* rows, std::int64_t width, std::int64_t all)
      : rows_(rows), width_(width), place_in_left_(static_cast<std::size_t>(all), -1) {}

  Node root(std::vector<Node> nodes) {
    while (nodes.size() > 1) {
      std::vector<Node> parents;
      for (std::size_t i = 0; i < nodes.size(); i += 2) {
        parents.push_back(std::move(nodes[i]));
        if (i + 1 < nodes.size()) add(parents.back(), nodes[i + 1]);
      }
      nodes = std::move(parents);
    }
    return std::move(nodes.front());
  }

 private:
  void add(Node& left, const Node& right) {
    for (const auto& [in_all, place] : left) place_in_left_[static_cast<std::size_t>(in_all)] = place;
    const auto count = left.size();
    for (const auto& [in_all, place] : right) {
      const auto sum = place_in_left_[static_cast<std::size_t>(in_all)];
      if (sum < 0)
        left.push_back({in_all, place});
      else
        add_row(sum, place);
    }
    for (std::size_t i = 0; i < count; ++i) place_in_left_[static_cast<std::size_t>(left[i].in_all)] = -1;
  }
  void add_row(std::int64_t sum, std::int64_t row) {
    for (std::int64_t i = 0; i < width_; ++i) rows_[sum * width_ + i] += rows_[row * width_ + i];
  }

  Float* rows_;
  std::int64_t width_;
  std::vector<std::int64_t> place_in_left_;  // by place in all; -1: it is not there
};

std::vector<Node> leaves(const IdLookup& lookup) {
  const auto* in_all = lookup.in_all.const_data_ptr<std::int64_t>();
  std::vector<Node> leaves;
  for (std::size_t m = 0; m + 1 < lookup.firsts.size(); ++m) {
    leaves.emplace_back();
    for (auto place = lookup.firsts[m]; place < lookup.firsts[m + 1]; ++place)
      leaves.back().push_back({in_all[place], place});
  }
  return leaves;
}

// In the memory of `rows`.
template <typename Float>
void add_root(at::Tensor& table, at::Tensor rows, const IdLookup& lookup) {
  const auto width = table.size(1);
  auto *to = table.mutable_data_ptr<Float>(), *from = rows.mutable_data_ptr<Float>();
  const auto* id = lookup.all.const_data_ptr<std::int64_t>();
  for (const auto& [in_all, place] : TreeOfRows<Float>(from, width, lookup.all.size(0)).root(leaves(lookup)))
    for (std::int64_t i = 0; i < width; ++i) to[id[in_all] * width + i] += from[place * width + i];
}

}  // namespace

void add_tree_of_rows(at::Tensor table, const at::Tensor& rows, const IdLookup& lookup) {
  if (lookup.firsts.size() <= 2)
    table.index_add_(0, lookup.ids, rows);
  else if (table.scalar_type() == at::kDouble)
    add_root<double>(table, rows.clone(at::MemoryFormat::Contiguous), lookup);
  else
    add_root<float>(table, rows.clone(at::MemoryFormat::Contiguous), lookup);
}

}  // namespace warmstart
