#include "trainer/training/table_gradient.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <tuple>
#include <vector>

namespace warmstart {
namespace {

// A partial sum of a row's gradient: `node` of the tree, counted from 0 on its level.
struct Partial {
  std::int64_t id, node, place;  // place: in what was looked up
};

std::vector<Partial> leaves_of(const IdLookup& lookup) {
  const auto ids = lookup.ids.cpu();
  const auto* id = ids.const_data_ptr<std::int64_t>();
  std::vector<Partial> leaves;
  for (std::size_t m = 0; m + 1 < lookup.firsts.size(); ++m)
    for (auto place = lookup.firsts[m]; place < lookup.firsts[m + 1]; ++place)
      leaves.push_back({id[place], static_cast<std::int64_t>(m), place});
  std::sort(leaves.begin(), leaves.end(),
            [](const auto& a, const auto& b) { return std::tie(a.id, a.node) < std::tie(b.id, b.node); });
  return leaves;
}

at::Tensor tensor(const std::vector<std::int64_t>& values, const at::Tensor& like) {
  return at::tensor(values, at::kLong).to(like.device());
}

// One level up: adds the right of two neighbours to the left one.
std::vector<Partial> add_neighbours(at::Tensor& sums, const std::vector<Partial>& partials) {
  std::vector<Partial> parents;
  std::vector<std::int64_t> left, right;
  for (const auto& [id, node, place] : partials) {
    if (!parents.empty() && parents.back().id == id && parents.back().node == node / 2) {
      left.push_back(parents.back().place);
      right.push_back(place);
    } else {
      parents.push_back({id, node / 2, place});
    }
  }
  if (!left.empty()) sums.index_add_(0, tensor(left, sums), sums.index_select(0, tensor(right, sums)));
  return parents;
}

}  // namespace

at::Tensor table_gradient(const at::Tensor& of_looked_up, const IdLookup& lookup, std::int64_t rows) {
  auto sums = of_looked_up.clone();
  auto partials = leaves_of(lookup);
  for (auto nodes = lookup.firsts.size() - 1; nodes > 1; nodes = (nodes + 1) / 2)
    partials = add_neighbours(sums, partials);
  std::vector<std::int64_t> ids, places;
  for (const auto& [id, node, place] : partials) {
    ids.push_back(id);
    places.push_back(place);
  }
  const auto table = at::zeros({rows, sums.size(1)}, sums.options());
  // Adding makes a negative zero a positive one, as adding another microbatch's zero would.
  return table.index_add_(0, tensor(ids, sums), sums.index_select(0, tensor(places, sums)));
}

}  // namespace warmstart
