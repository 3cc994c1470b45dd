#include "cluster/gradient_sum.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "base/random.h"
#include "cluster/mpi_communicator.h"
#include "tests/support/test_device.h"

namespace warmstart {
namespace {

constexpr int kMicrobatches = 8;

// Of magnitudes so different that any other order of additions gives other bits.
at::Tensor gradient_of(int microbatch, std::int64_t length) {
  RandomStream random(1, Purpose::kInitialise, static_cast<std::uint64_t>(microbatch));
  auto gradient = at::empty({length}, at::kFloat);
  for (std::int64_t i = 0; i < length; ++i) {
    gradient[i] = random.normal() * std::pow(10.0, static_cast<double>(random.below(7)));
  }
  return gradient;
}

at::Tensor tree_by_hand(int first, int count, std::int64_t length) {
  if (count == 1) return gradient_of(first, length);
  return tree_by_hand(first, count / 2, length) + tree_by_hand(first + count / 2, count / 2, length);
}

at::Tensor sum_over_ranks(std::int64_t length, Communicator& group) {
  TreeSum sum;
  const auto mine = microbatches_of(group.rank(), group.size(), kMicrobatches);
  for (int i = 0; i < mine.count; ++i) sum.add(gradient_of(mine.first + i, length));
  auto total = sum.take();
  sum_in_fixed_order(total, group);
  return total;
}

TEST(SumInFixedOrder, HasTheBitsOfOneTreeWhateverTheRanks) {
  MpiCommunicator group(MPI_COMM_WORLD);
  for (const std::int64_t length : {1, 2, 3, 1000}) {
    EXPECT_TRUE(at::equal(sum_over_ranks(length, group), tree_by_hand(0, kMicrobatches, length))) << length;
  }
}

TEST(SumInFixedOrder, WouldDifferInAnotherOrder) {
  auto in_sequence = gradient_of(0, 1000);
  for (int i = 1; i < kMicrobatches; ++i) in_sequence += gradient_of(i, 1000);
  EXPECT_FALSE(at::equal(in_sequence, tree_by_hand(0, kMicrobatches, 1000)));
}

TEST(TreeSum, AddsAnyNumberOfLeaves) {
  for (int count = 1; count <= 9; ++count) {
    TreeSum sum;
    for (int i = 0; i < count; ++i) sum.add(at::full({2}, i + 1.0, at::kDouble));
    EXPECT_EQ(sum.take()[0].item<double>(), count * (count + 1) / 2);
  }
  EXPECT_THROW(TreeSum().take(), std::logic_error);
}

TEST(SumAsTree, HasTheBitsOfTreeSum) {
  for (int count = 1; count <= 9; ++count) {
    TreeSum sum;
    std::vector<at::Tensor> leaves;
    for (int i = 0; i < count; ++i) {
      leaves.push_back(gradient_of(i, 1000));
      sum.add(leaves.back().clone());
    }
    const auto stacked = at::stack(leaves);
    EXPECT_TRUE(at::equal(sum_as_tree(stacked), sum.take())) << count;
    EXPECT_TRUE(at::equal(stacked, at::stack(leaves))) << count;
  }
}

TEST(MicrobatchesOf, CoversEachOnceForAnyNumberOfRanks) {
  for (int ranks = 1; ranks <= kMicrobatches; ++ranks) {
    int next = 0;
    for (int rank = 0; rank < ranks; ++rank) {
      const auto range = microbatches_of(rank, ranks, kMicrobatches);
      EXPECT_EQ(range.first, next);
      EXPECT_GE(range.count, 1);
      next += range.count;
    }
    EXPECT_EQ(next, kMicrobatches);
  }
}

TEST(BitsAreIndependentOfRanks, HoldsForPowersOfTwoUpToTheMicrobatches) {
  for (const int ranks : {1, 2, 4, 8}) EXPECT_TRUE(bits_are_independent_of_ranks(ranks, 8));
  for (const int ranks : {3, 5, 6, 7, 16}) EXPECT_FALSE(bits_are_independent_of_ranks(ranks, 8));
}

TEST(SumOverRanks, GivesTheSameSumInBothOrders) {
  MpiCommunicator group(MPI_COMM_WORLD);
  for (const auto reduction : {Reduction::kFixedOrder, Reduction::kTransport}) {
    auto tensor = (at::arange(7, at::kDouble) + group.rank()).to(test_device());  // GPUs: by way of host memory
    sum_over_ranks(tensor, group, reduction);
    const auto ranks = static_cast<double>(group.size());
    EXPECT_TRUE(tensor.cpu().equal(at::arange(7, at::kDouble) * ranks + ranks * (ranks - 1) / 2));
  }
}

}  // namespace
}  // namespace warmstart
