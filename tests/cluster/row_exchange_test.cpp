#include "cluster/row_exchange.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "base/random.h"
#include "cluster/mpi_communicator.h"
#include "cluster/self_communicator.h"
#include "cluster/virtual_shards.h"

namespace warmstart {
namespace {

// Places that rank `rank` wants of a list: none at all of one of them, on the last of several ranks.
at::Tensor wanted_places(int rank, int ranks, std::uint64_t list, std::int64_t places) {
  if (list == 1 && ranks > 1 && rank == ranks - 1) return at::empty({0}, at::kLong);
  RandomStream random(3, Purpose::kSynthesize, static_cast<std::uint64_t>(rank), list);
  std::vector<std::int64_t> wanted;
  for (std::int64_t place = 0; place < places; ++place)
    if (random.below(3) == 0) wanted.push_back(place);
  return at::tensor(wanted, at::kLong);
}

// A row that tells its table and place.
at::Tensor row_values(const at::Tensor& places, std::int64_t width, double table) {
  return (places.to(at::kFloat).unsqueeze(1) * 100 + table + at::arange(width) * 0.25).to(at::kFloat).contiguous();
}

void expect_exchange(Communicator& group) {
  const RowPlaces few(100), many(1000);
  std::vector<WantedRows> wanted;
  for (const auto* places : {&few, &many})
    wanted.push_back({wanted_places(group.rank(), group.size(), wanted.size(), places->first(kVirtualShards)),
                      places->of_ranks(group.size())});
  const RowExchange exchange(wanted, group);
  const auto held = [&](std::size_t list, std::int64_t width, double table) -> RowsOfList {
    return {list, row_values(exchange.asked(list), width, table)};
  };
  // Two tables have the rows of the second list.
  const auto rows = exchange.fetch({held(0, 4, 1.0), held(1, 1, 2.0), held(1, 3, 3.0)}, group);
  EXPECT_TRUE(at::equal(rows[0], row_values(wanted[0].places, 4, 1.0)));
  EXPECT_TRUE(at::equal(rows[1], row_values(wanted[1].places, 1, 2.0)));
  EXPECT_TRUE(at::equal(rows[2], row_values(wanted[1].places, 3, 3.0)));
  const auto back = exchange.give_back({{1, rows[2]}, {0, rows[0]}}, group);
  EXPECT_TRUE(at::equal(back[0], row_values(exchange.asked(1), 3, 3.0)));
  EXPECT_TRUE(at::equal(back[1], row_values(exchange.asked(0), 4, 1.0)));
  for (std::size_t list = 0; list < 2; ++list) {
    const auto own = wanted[list].first_of_rank;
    const auto rank = static_cast<std::size_t>(group.rank());
    EXPECT_TRUE(
        exchange.asked(list).ge(own[rank]).logical_and(exchange.asked(list).lt(own[rank + 1])).all().item<bool>());
  }
}

TEST(RowExchange, TakesRowsToWhoWantsThemAndBack) {
  MpiCommunicator group(MPI_COMM_WORLD);
  expect_exchange(group);
}

// Each rank wants the first place of every rank: its number travels, and a row of 3 each way.
TEST(RowExchange, CountsTheBytesOfRowsThatTravel) {
  MpiCommunicator group(MPI_COMM_WORLD);
  const auto firsts = RowPlaces(1000).of_ranks(group.size());
  const auto wanted = at::tensor(std::vector<std::int64_t>(firsts.begin(), firsts.end() - 1), at::kLong);
  const RowExchange exchange({{wanted, firsts}}, group);
  const std::vector<RowsOfList> rows = {{0, at::zeros({group.size(), 3}, at::kFloat)}};
  exchange.fetch(rows, group);
  exchange.give_back(rows, group);
  const int count = 8, place = 8, row = 3 * 4;
  const auto& bytes = group.traffic()[TrafficKind::kExchanged];
  EXPECT_EQ(bytes.sent, (group.size() - 1) * (count + place + 2 * row));
  EXPECT_EQ(bytes.received, bytes.sent);
}

TEST(RowExchange, IsTheSameOfOneRank) {
  SelfCommunicator alone;
  expect_exchange(alone);
}

}  // namespace
}  // namespace warmstart
