#include "trainer/tables/tree_of_rows.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "base/random.h"
#include "cluster/gradient_sum.h"

namespace warmstart {
namespace {

constexpr std::int64_t kIds = 40, kWidth = 3;

// Each microbatch has about half of the ids, in an order of its own.
IdLookup random_lookup(int microbatches) {
  RandomStream random(1, Purpose::kInitialise, static_cast<std::uint64_t>(microbatches));
  std::vector<std::int64_t> in_all, firsts = {0};
  for (int m = 0; m < microbatches; ++m) {
    for (std::int64_t i = 0; i < kIds; ++i)
      if (random.below(2) == 0) in_all.push_back((i * 7 + m) % kIds);
    firsts.push_back(static_cast<std::int64_t>(in_all.size()));
  }
  const auto all = at::arange(kIds, at::kLong).flip(0), places = at::tensor(in_all, at::kLong);
  return {all.index_select(0, places), {}, firsts, all, places};
}

// Of magnitudes so different that any other order of additions gives other bits.
at::Tensor random_rows(std::int64_t count) {
  at::manual_seed(1);
  return at::randn({count, kWidth}) * at::pow(10.0, at::randint(7, {count, 1}).to(at::kFloat));
}

TEST(TreeOfRows, HasTheBitsOfATreeOfTables) {
  for (int microbatches = 1; microbatches <= 17; ++microbatches) {
    const auto lookup = random_lookup(microbatches);
    const auto rows = random_rows(lookup.ids.size(0));
    TreeSum tree;
    for (int m = 0; m < microbatches; ++m) {
      const auto first = lookup.firsts[m], count = lookup.firsts[m + 1] - first;
      tree.add(
          at::zeros({kIds, kWidth}).index_copy(0, lookup.ids.narrow(0, first, count), rows.narrow(0, first, count)));
    }
    const auto table = at::zeros({kIds, kWidth});
    add_tree_of_rows(table, rows, lookup);
    EXPECT_TRUE(at::equal(table, tree.take())) << microbatches;
  }
}

TEST(TreeOfRows, AddsToWhatTheTableHolds) {
  const auto lookup = random_lookup(3);
  const auto rows = at::ones({lookup.ids.size(0), kWidth}, at::kDouble);
  const auto table = at::ones({kIds, kWidth}, at::kDouble);
  add_tree_of_rows(table, rows, lookup);
  EXPECT_TRUE(at::equal(table, at::ones_like(table).index_add(0, lookup.ids, rows)));
}

}  // namespace
}  // namespace warmstart
