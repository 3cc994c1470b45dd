#include "cluster/virtual_shards.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace warmstart {
namespace {

TEST(RowPlaces, GivesEachIdAPlaceOfItsOwnAndEachShardAsMany) {
  for (const std::int64_t rows : {1, 63, 64, 1000, 6401}) {
    const RowPlaces places(rows);
    std::vector<std::int64_t> ids(static_cast<std::size_t>(places.first(kVirtualShards)), -1);
    std::vector<std::int64_t> of_shard(kVirtualShards);
    for (std::int64_t id = 0; id < rows; ++id) {
      const auto place = places.place_of(id);
      ASSERT_EQ(ids[static_cast<std::size_t>(place)], -1);
      ids[static_cast<std::size_t>(place)] = id;
      ++of_shard[static_cast<std::size_t>(place / places.per_shard())];
    }
    for (std::size_t place = 0; place < ids.size(); ++place)
      EXPECT_EQ(places.id_of(static_cast<std::int64_t>(place)), ids[place]);
    const auto [least, most] = std::minmax_element(of_shard.begin(), of_shard.end());
    EXPECT_LE(*most - *least, 1);
  }
}

TEST(RowPlaces, SpreadsIdsInSteps) {
  const RowPlaces places(1 << 16);
  std::vector<int> of_shard(kVirtualShards);
  for (std::int64_t id = 0; id < 1 << 16; id += 64)
    ++of_shard[static_cast<std::size_t>(places.place_of(id) / places.per_shard())];
  EXPECT_LE(*std::max_element(of_shard.begin(), of_shard.end()), 32);  // of 1,024 ids, 16 a shard
}

TEST(RowPlaces, OfRanksAreAlignedBlocks) {
  const RowPlaces places(640);
  EXPECT_EQ(places.of_ranks(1), (std::vector<std::int64_t>{0, 640}));
  EXPECT_EQ(places.of_ranks(4), (std::vector<std::int64_t>{0, 160, 320, 480, 640}));
  EXPECT_EQ(places.of_ranks(3).back(), 640);
  EXPECT_EQ(shards_of(1, 4).first, 16);
  EXPECT_EQ(shards_of(1, 4).end(), 32);
}

}  // namespace
}  // namespace warmstart
