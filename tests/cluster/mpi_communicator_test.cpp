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

// Rank r sends rank s r + 2 s rows, none among them.
TEST(MpiCommunicator, ExchangesUnequallyManyRows) {
  MpiCommunicator group(MPI_COMM_WORLD);
  std::vector<std::int64_t> sent, received;
  for (int peer = 0; peer < group.size(); ++peer) {
    sent.push_back(group.rank() + 2 * peer);
    received.push_back(peer + 2 * group.rank());
  }
  const auto to_each = at::arange(group.size(), at::kLong).repeat_interleave(at::tensor(sent, at::kLong));
  const auto from_each = at::arange(group.size(), at::kLong).repeat_interleave(at::tensor(received, at::kLong));
  for (const auto dtype : {at::kFloat, at::kLong}) {
    const auto rows = (to_each + 10 * group.rank()).to(dtype).unsqueeze(1).expand({-1, 3}).contiguous();
    const auto wanted = (10 * from_each + group.rank()).to(dtype).unsqueeze(1).expand({-1, 3});
    EXPECT_TRUE(at::equal(group.exchange_rows(rows, sent, received), wanted));
  }
  sent[0] += 1;
  EXPECT_THROW(group.exchange_rows(at::zeros({0, 3}), sent, received), std::invalid_argument);
  group.barrier();
}

// What stays on a rank does not travel; what all ranks sum goes around a ring twice.
TEST(MpiCommunicator, CountsTheBytesThatTravelByWhatTheyAreFor) {
  MpiCommunicator group(MPI_COMM_WORLD);
  const int ranks = group.size(), others = ranks - 1;
  const auto slices = at::zeros({3 * ranks}, at::kFloat);
  auto tensor = at::zeros({5 * ranks}, at::kDouble);
  {
    const CountedAs reduced(group, TrafficKind::kReduced);
    group.sum(tensor);
    const CountedAs encodings(group, TrafficKind::kEncodings);
    group.exchange_slices(slices);
    group.gather_slices(slices);
  }
  group.broadcast(tensor, 0);
  const auto& [reduced, exchanged, encodings, other] = group.traffic().moved;
  EXPECT_EQ(reduced.sent, 2 * 5 * 8 * others);
  EXPECT_EQ(reduced.received, reduced.sent);
  EXPECT_EQ(encodings.sent, 3 * 4 * others + 3 * 4 * ranks * others);
  EXPECT_EQ(exchanged.sent, 0);
  EXPECT_GT(reduced.seconds, 0);
  EXPECT_GT(encodings.seconds, 0);
  EXPECT_EQ(exchanged.seconds, 0);
  EXPECT_EQ(other.sent, group.rank() == 0 && others > 0 ? tensor.nbytes() : 0);
  EXPECT_EQ(other.received, group.rank() == 0 ? 0 : tensor.nbytes());
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
