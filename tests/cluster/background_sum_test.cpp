#include "cluster/background_sum.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "cluster/mpi_communicator.h"
#include "tests/support/test_device.h"

namespace warmstart {
namespace {

TEST(BackgroundSum, SumsWhatItWasHandedInOrder) {
  MpiCommunicator group(MPI_COMM_WORLD);
  BackgroundSum sum(group, Reduction::kFixedOrder);
  std::vector<at::Tensor> tensors;
  for (int i = 0; i < 20; ++i)
    sum.start(tensors.emplace_back(
        at::full({100 * i + 1}, group.rank() + i, at::TensorOptions(test_device()).dtype(at::kDouble))));
  sum.wait();
  const int ranks = group.size();
  for (int i = 0; i < 20; ++i)
    EXPECT_TRUE(tensors[static_cast<std::size_t>(i)].eq(ranks * (ranks - 1) / 2 + i * ranks).all().item<bool>()) << i;
  EXPECT_GT(sum.busy_seconds(), 0.0);
  EXPECT_GE(sum.waited_seconds(), 0.0);
}

// A dtype that no communicator takes: the same on all ranks, and before anything is sent.
TEST(BackgroundSum, ThrowsInWaitWhatASumThrewAndGoesOnAfterwards) {
  MpiCommunicator group(MPI_COMM_WORLD);
  if (group.size() == 1) GTEST_SKIP() << "one rank sums nothing";
  BackgroundSum sum(group, Reduction::kTransport);
  auto number = at::ones({1}, at::kDouble);
  sum.start(at::ones({1}, at::kHalf));
  sum.start(number);
  EXPECT_THROW(sum.wait(), std::invalid_argument);
  EXPECT_EQ(number.item<double>(), 1.0);
  sum.start(number);
  sum.wait();
  EXPECT_EQ(number.item<double>(), group.size());
}

}  // namespace
}  // namespace warmstart
