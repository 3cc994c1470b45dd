#include "cluster/mpi_communicator.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "cluster/self_communicator.h"

namespace warmstart {
namespace {

TEST(MpiCommunicator, SumsOverAllRanksInEveryDtype) {
  MpiCommunicator group(MPI_COMM_WORLD);
  for (const auto dtype : {at::kFloat, at::kDouble, at::kLong, at::kByte}) {
    auto tensor = at::full({3}, group.rank() + 1, dtype);
    group.sum(tensor);
    EXPECT_TRUE(at::equal(tensor, at::full({3}, group.size() * (group.size() + 1) / 2, dtype)));
  }
}

TEST(MpiCommunicator, BroadcastsFromAnyRoot) {
  MpiCommunicator group(MPI_COMM_WORLD);
  for (int root = 0; root < group.size(); ++root) {
    auto tensor = at::full({2}, static_cast<double>(group.rank()), at::kDouble);
    group.broadcast(tensor, root);
    EXPECT_EQ(tensor[1].item<double>(), root);
  }
}

TEST(MpiCommunicator, ExchangesAndGathersSlicesInTheOrderOfRanks) {
  MpiCommunicator group(MPI_COMM_WORLD);
  const auto ranks = at::arange(group.size(), at::kLong);
  const auto received = group.exchange_slices(ranks + 100 * group.rank());
  EXPECT_TRUE(at::equal(received, ranks * 100 + group.rank()));
  EXPECT_TRUE(at::equal(group.gather_slices(at::full({1}, group.rank(), at::kLong)), ranks));
}

TEST(MpiCommunicator, RefusesWhatMpiWouldMisread) {
  MpiCommunicator group(MPI_COMM_WORLD);
  auto strided = at::zeros({4, 4}).t().narrow(0, 0, 2);
  auto half = at::zeros({4}, at::kHalf);
  EXPECT_THROW(group.sum(strided), std::invalid_argument);
  EXPECT_THROW(group.sum(half), std::invalid_argument);
  group.barrier();  // reached by all ranks, so the group is still usable
}

TEST(SelfCommunicator, IsAGroupOfOne) {
  SelfCommunicator group;
  auto tensor = at::arange(3);
  group.sum(tensor);
  EXPECT_TRUE(at::equal(tensor, at::arange(3)));
  EXPECT_EQ(group.size(), 1);
}

}  // namespace
}  // namespace warmstart
