#include "trainer/tables/growing_rows.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "base/errors.h"
#include "base/random.h"

namespace warmstart {
namespace {

std::string key_name(std::int64_t id) { return id == 0 ? "" : "item=" + std::to_string(id); }

RowNames names_of_items(std::int64_t ids) { return {ids, key_name}; }

std::vector<RowPool> one_pool(const Growth& growth) { return {{"", growth}}; }

// Those of the shards held, with which steps saw them.
std::set<std::string> names_in(const GrowingRows& rows, ShardRange shards = {}) {
  std::set<std::string> names;
  for (std::int64_t shard = 0; shard < shards.count; ++shard)
    for (const auto& row : rows.content(shard).rows)
      if (!is_shared(row.address)) names.insert(row.name);
  return names;
}

// Ids of one shard, so that few of them fill it.
std::vector<std::int64_t> ids_of_shard(const RowNames& names, std::int64_t shard, std::size_t count) {
  std::vector<std::int64_t> ids;
  for (std::int64_t id = 1; ids.size() < count; ++id)
    if (shard_of_address(names.address(id)) == shard) ids.push_back(id);
  return ids;
}

std::set<std::string> names_of(const std::vector<std::int64_t>& ids) {
  std::set<std::string> names;
  for (const auto id : ids) names.insert(key_name(id));
  return names;
}

class GrowingRowsTest : public testing::Test {
 protected:
  void see(GrowingRows& rows, const std::vector<std::int64_t>& ids, std::int64_t step) {
    for (const auto id : ids) rows.see(names.address(id), 1, step, names);
    rows.end_step(step, names);
  }
  RowNames names = names_of_items(5000);
  std::vector<std::int64_t> ids = ids_of_shard(names, 7, 40);
};

TEST_F(GrowingRowsTest, AKeyHasTheSharedRowUntilTheStepInWhichItWasSeenOftenEnoughEnds) {
  GrowingRows rows(one_pool({.most_rows = 640, .admit = 3}), {});
  const auto address = names.address(ids[0]), shared = 7 * rows.places();
  rows.see(address, 2, 1, names);
  EXPECT_TRUE(rows.end_step(1, names).empty());
  EXPECT_EQ(rows.place_of(address), shared);
  rows.see(address, 1, 2, names);
  EXPECT_EQ(rows.place_of(address), shared);
  EXPECT_EQ(rows.end_step(2, names), (std::vector{shared + 1}));
  EXPECT_EQ(rows.place_of(address), shared + 1);
  EXPECT_EQ(rows.row_at(shared + 1).name, key_name(ids[0]));
  EXPECT_EQ(rows.row_at(shared + 1).sightings, 3);
  EXPECT_EQ(rows.place_of(names.address(ids[1])), shared);
}

TEST_F(GrowingRowsTest, UnknownKeysNeverGetARow) {
  GrowingRows rows(one_pool({.most_rows = 640}), {});
  rows.see(names.address(0), 100, 1, names);
  EXPECT_TRUE(rows.end_step(1, names).empty());
  EXPECT_EQ(rows.place_of(names.address(0)), 0);
}

TEST_F(GrowingRowsTest, AFullShardLosesItsLeastRecentRows) {
  GrowingRows rows(one_pool({.most_rows = kVirtualShards * 4}), {});
  see(rows, {ids[0], ids[1]}, 1);
  see(rows, {ids[2], ids[3]}, 2);
  see(rows, {ids[0]}, 3);
  see(rows, {ids[4]}, 4);
  EXPECT_EQ(names_in(rows), names_of({ids[0], ids[2], ids[3], ids[4]}));
  EXPECT_EQ(rows.place_of(names.address(ids[1])), 7 * rows.places());
  EXPECT_EQ(rows.content(7).pools[0].evicted, 1);
  EXPECT_EQ(rows.content(7).pools[0].admitted, 5);
}

TEST_F(GrowingRowsTest, OrItsLeastFrequent) {
  GrowingRows rows(one_pool({.most_rows = kVirtualShards * 3, .evict = Eviction::kLeastFrequent}), {});
  see(rows, {ids[0], ids[1], ids[2]}, 1);
  see(rows, {ids[0], ids[2]}, 2);
  see(rows, {ids[1]}, 3);
  see(rows, {ids[1]}, 4);
  see(rows, {ids[0], ids[3]}, 5);  // 3, 3 and 2 sightings before
  EXPECT_EQ(names_in(rows), names_of({ids[0], ids[1], ids[3]}));
}

TEST_F(GrowingRowsTest, RowsThatTheStepHasSeenStayAndKeysWait) {
  GrowingRows rows(one_pool({.most_rows = kVirtualShards * 2}), {});
  see(rows, {ids[0], ids[1]}, 1);
  see(rows, {ids[0], ids[1], ids[2]}, 2);
  EXPECT_EQ(names_in(rows), names_of({ids[0], ids[1]}));
  ASSERT_EQ(rows.content(7).waiting.size(), 1u);
  see(rows, {ids[2]}, 3);
  EXPECT_EQ(names_in(rows).count(key_name(ids[2])), 1u);
}

TEST_F(GrowingRowsTest, WithoutEvictionAFullShardStaysAsItIs) {
  GrowingRows rows(one_pool({.most_rows = kVirtualShards * 2, .evict = Eviction::kNone}), {});
  see(rows, {ids[0], ids[1]}, 1);
  see(rows, {ids[2]}, 2);
  EXPECT_EQ(names_in(rows), names_of({ids[0], ids[1]}));
  EXPECT_EQ(rows.content(7).pools[0].evicted, 0);
}

TEST_F(GrowingRowsTest, KeysThatWaitAreForgottenRatherThanMany) {
  GrowingRows rows(one_pool({.most_rows = kVirtualShards * 2, .admit = 10}), {});
  see(rows, {ids[5]}, 1);
  see(rows, {ids.begin(), ids.end()}, 2);
  const auto waiting = rows.content(7).waiting;
  EXPECT_LE(std::ssize(waiting), 4 * rows.places() * 2);
  EXPECT_LT(waiting.size(), ids.size());
  const auto of_five = names.address(ids[5]);
  EXPECT_TRUE(std::any_of(waiting.begin(), waiting.end(), [&](const auto& key) { return key.address == of_five; }));
}

// Keys of three fields; the name of one begins as another's does.
std::string field_of(std::int64_t id) { return id % 3 == 0 ? "item" : id % 3 == 1 ? "items" : "session"; }
std::string name_in_fields(std::int64_t id) { return id == 0 ? "" : field_of(id) + "=" + std::to_string(id); }

std::vector<RowPool> pools_of_fields(const Growth& all, const Growth& items, const Growth& sessions) {
  return {{"", all}, {"item", items}, {"session", sessions}};
}

class PoolsTest : public testing::Test {
 protected:
  // The shard's first keys of a field.
  std::vector<std::int64_t> ids_of(const std::string& field, std::size_t count) const {
    std::vector<std::int64_t> ids;
    for (std::int64_t id = 1; ids.size() < count; ++id)
      if (field_of(id) == field && shard_of_address(names.address(id)) == 7) ids.push_back(id);
    return ids;
  }
  void see(GrowingRows& rows, const std::vector<std::int64_t>& ids, std::int64_t step) {
    for (const auto id : ids) rows.see(names.address(id), 1, step, names);
    rows.end_step(step, names);
  }
  bool has_row(const GrowingRows& rows, std::int64_t id) const {
    return rows.place_of(names.address(id)) != 7 * rows.places();
  }
  const RowNames names = {20000, name_in_fields};
  const std::vector<std::int64_t> items = ids_of("item", 10), others = ids_of("items", 10),
                                  sessions = ids_of("session", 60);
};

TEST_F(PoolsTest, AFloodOfOneFieldTakesNoRowOfAnother) {
  GrowingRows rows(pools_of_fields({.most_rows = kVirtualShards * 2}, {.most_rows = kVirtualShards * 3},
                                   {.most_rows = kVirtualShards * 2}),
                   {});
  EXPECT_EQ(rows.places(), 1 + 2 + 3 + 2);
  see(rows, {items[0], items[1], items[2], others[0], others[1]}, 1);
  for (std::size_t i = 0; i < sessions.size(); ++i) see(rows, {sessions[i]}, static_cast<std::int64_t>(i) + 2);
  for (const auto id : {items[0], items[1], items[2], others[0], others[1]}) EXPECT_TRUE(has_row(rows, id)) << id;
  EXPECT_TRUE(has_row(rows, sessions.back()));
  const auto pools = rows.content(7).pools;
  EXPECT_EQ(pools[0].rows, 2);
  EXPECT_EQ(pools[1].rows, 3);
  EXPECT_EQ(pools[2].rows, 2);
  EXPECT_EQ(pools[2].admitted, std::ssize(sessions));
  EXPECT_EQ(pools[2].evicted, std::ssize(sessions) - 2);
  EXPECT_EQ(pools[0].evicted + pools[1].evicted, 0);
  const auto report = rows.totals();
  EXPECT_EQ(report.rows, 7);
  EXPECT_EQ(report.evicted, pools[2].evicted);
  EXPECT_EQ(report.of_fields.at("item").rows, 3);
  EXPECT_EQ(report.of_fields.at("session").admitted, std::ssize(sessions));
  EXPECT_EQ(report.of_fields.size(), 2u);
}

TEST_F(PoolsTest, EachAdmitsAndEvictsInItsOwnWay) {
  GrowingRows rows(pools_of_fields({.most_rows = 64}, {.most_rows = 64, .admit = 2, .evict = Eviction::kNone},
                                   {.most_rows = 64, .admit = 3}),
                   {});
  see(rows, {items[0], others[0], sessions[0]}, 1);
  EXPECT_TRUE(has_row(rows, others[0]));
  EXPECT_FALSE(has_row(rows, items[0]));
  see(rows, {items[0], sessions[0]}, 2);
  EXPECT_TRUE(has_row(rows, items[0]));
  EXPECT_FALSE(has_row(rows, sessions[0]));
  for (std::int64_t step = 3; step < 6; ++step) see(rows, {items[1], sessions[0], others[1]}, step);
  EXPECT_TRUE(has_row(rows, items[0]));
  EXPECT_FALSE(has_row(rows, items[1]));  // which waits, since nothing is evicted
  EXPECT_TRUE(has_row(rows, sessions[0]));
  EXPECT_TRUE(has_row(rows, others[1]));
  EXPECT_FALSE(has_row(rows, others[0]));
}

TEST_F(PoolsTest, AFloodThatWaitsHasNoOtherFieldsKeysForgotten) {
  GrowingRows rows(
      pools_of_fields({.most_rows = 64}, {.most_rows = kVirtualShards * 4, .admit = 2}, {.most_rows = 64, .admit = 9}),
      {});
  see(rows, items, 1);
  for (std::int64_t step = 2; step < 5; ++step) see(rows, sessions, step);
  EXPECT_LT(rows.content(7).pools[2].waiting, std::ssize(sessions));
  EXPECT_EQ(rows.content(7).pools[1].waiting, std::ssize(items));
}

TEST_F(PoolsTest, KnowWhichOneIsTooSmallForRows) {
  const GrowingRows rows(pools_of_fields({.most_rows = 64}, {.most_rows = kVirtualShards * 2}, {.most_rows = 64}), {});
  using Rows = std::vector<GrowingRows::Row>;
  const GrowingRows::Row shared = {.address = shared_address(7)};
  const auto row = [&](std::int64_t id) -> GrowingRows::Row { return {names.address(id), 1, 1, name_in_fields(id)}; };
  EXPECT_EQ(rows.overfull_pool(Rows{shared, row(items[0]), row(items[1]), row(others[0]), row(sessions[0])}),
            std::nullopt);
  EXPECT_EQ(rows.overfull_pool(Rows{shared, row(items[0]), row(items[1]), row(items[2])}), 1u);
  EXPECT_EQ(rows.overfull_pool(Rows{shared, row(others[0]), row(others[1])}), 0u);
  EXPECT_EQ(rows.overfull_pool(Rows{shared, row(sessions[0]), row(sessions[1])}), 2u);
  EXPECT_EQ(rows.pool_of(names.address(sessions[0]), names), 2u);
  EXPECT_EQ(rows.pool_of(address_of("session=unheard of"), names), std::nullopt);
}

void expect_same(const GrowingRows::Content& wanted, const GrowingRows::Content& again) {
  const auto same = [](const auto& a, const auto& b) { return a.address == b.address && a.sightings == b.sightings; };
  EXPECT_TRUE(std::equal(wanted.rows.begin(), wanted.rows.end(), again.rows.begin(), again.rows.end(), same));
  EXPECT_TRUE(
      std::equal(wanted.waiting.begin(), wanted.waiting.end(), again.waiting.begin(), again.waiting.end(), same));
  for (std::size_t pool = 0; pool < wanted.pools.size(); ++pool) {
    EXPECT_EQ(wanted.pools[pool].rows, again.pools[pool].rows);
    EXPECT_EQ(wanted.pools[pool].waiting, again.pools[pool].waiting);
    EXPECT_EQ(wanted.pools[pool].admitted, again.pools[pool].admitted);
    EXPECT_EQ(wanted.pools[pool].evicted, again.pools[pool].evicted);
  }
}

// Whoever holds a shard, and whatever places its rows have: a run that goes on packs them anew.
TEST_F(PoolsTest, AShardIsAFunctionOfTheSteps) {
  std::vector<std::vector<RowPool>> ways;
  for (const auto eviction : {Eviction::kLeastRecent, Eviction::kLeastFrequent, Eviction::kNone})
    ways.push_back(one_pool({.most_rows = kVirtualShards * 5, .admit = 2, .evict = eviction}));
  ways.push_back(pools_of_fields({.most_rows = kVirtualShards * 2, .admit = 2},
                                 {.most_rows = kVirtualShards * 4, .admit = 3, .evict = Eviction::kLeastFrequent},
                                 {.most_rows = kVirtualShards * 3, .evict = Eviction::kNone}));
  for (const auto& pools : ways) {
    GrowingRows whole(pools, {}), half(pools, {32, 32}), restored(pools, {});
    for (std::int64_t step = 1; step <= 30; ++step) {
      RandomStream random(3, Purpose::kSynthesize, static_cast<std::uint64_t>(step));
      std::map<std::int64_t, std::int64_t> seen;
      for (int i = 0; i < 400; ++i) ++seen[names.address(static_cast<std::int64_t>(random.below(1500)))];
      for (const auto& [address, count] : seen) {
        whole.see(address, count, step, names);
        if (shard_of_address(address) >= 32) half.see(address, count, step, names);
      }
      for (auto key = seen.rbegin(); key != seen.rend(); ++key) restored.see(key->first, key->second, step, names);
      for (auto* rows : {&whole, &half, &restored}) rows->end_step(step, names);
      if (step % 7 == 0)
        for (std::int64_t shard = 0; shard < kVirtualShards; ++shard) restored.restore(shard, restored.content(shard));
    }
    std::vector<GrowthTotals> of_pools(pools.size());
    for (std::int64_t shard = 0; shard < kVirtualShards; ++shard) {
      const auto wanted = whole.content(shard);
      expect_same(wanted, restored.content(shard));
      if (shard >= 32) expect_same(wanted, half.content(shard - 32));
      for (std::size_t pool = 0; pool < pools.size(); ++pool) of_pools[pool] += wanted.pools[pool];
    }
    for (std::size_t pool = 0; pool < pools.size(); ++pool)
      EXPECT_EQ(of_pools[pool].evicted > 0, pools[pool].growth.evict != Eviction::kNone);
  }
}

TEST(RowNames, HaveAddressesThatTellTheShardAndAreNoSharedOnes) {
  const auto names = names_of_items(2000);
  std::set<std::int64_t> shards;
  for (std::int64_t id = 1; id < names.ids(); ++id) {
    const auto address = names.address(id);
    EXPECT_EQ(address, address_of(key_name(id)));
    EXPECT_EQ(names.id_of(address), id);
    EXPECT_FALSE(is_shared(address));
    shards.insert(shard_of_address(address));
  }
  EXPECT_EQ(std::ssize(shards), kVirtualShards);
  EXPECT_EQ(*shards.rbegin(), kVirtualShards - 1);
  EXPECT_EQ(names.id_of(12345), -1);
}

TEST(RowNames, RefuseTwoKeysOfOneHash) {
  const auto same = [](std::int64_t id) { return id < 2 ? std::string("item=a") : key_name(id); };
  EXPECT_THROW(RowNames(3, same), DataError);
  const auto names = names_of_items(3);
  EXPECT_NO_THROW(require_same_name(names, names.address(1), "item=1"));
  EXPECT_NO_THROW(require_same_name(names, 99, "item=gone"));
  try {
    require_same_name(names, names.address(1), "item=other");
    FAIL();
  } catch (const DataError& error) {
    EXPECT_NE(std::string(error.what()).find("'item=1' and 'item=other' have one hash"), std::string::npos);
  }
}

}  // namespace
}  // namespace warmstart
