#include "trainer/tables/checkpoint_tables.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <numeric>

#include "base/errors.h"
#include "checkpoints/table_delta.h"
#include "cluster/self_communicator.h"
#include "trainer/layers/initialiser.h"
#include "trainer/tables/checkpoint_growth.h"

namespace warmstart {
namespace {

constexpr std::int64_t kWords = 500, kWordWidth = 3;

std::string name_of_id(std::int64_t id) { return id == 0 ? "" : "word=" + std::to_string(id); }

ShardedTables growing_tables(const RowNames::NameOf& names, const Growth& growth,
                             const std::map<IdsOf, std::vector<RowPool>>& pools) {
  ShardedTables tables(0, 1, {.growth = growth, .pools = pools, .wide_columns = 1});
  Initialiser draw(3);
  tables.add({"embedding", ParameterGroup::kEmbedding, IdsOf::kRows, kWords, kWordWidth,
              draw.normal_table(kWords, kWordWidth, 1.0)});
  tables.add({"linear", ParameterGroup::kNetwork, IdsOf::kRows, kWords, 1, draw.normal_table(kWords, 1, 1.0)});
  tables.draw();
  tables.keep_beside({"moment"}, true);
  tables.lists()[0].name(std::make_shared<const RowNames>(kWords, names));
  return tables;
}

ShardedTables growing_tables(const RowNames::NameOf& names = name_of_id, std::int64_t most_rows = 1000) {
  return growing_tables(names, {.most_rows = most_rows}, {});
}

void see(ShardedTables& tables, const std::vector<std::int64_t>& ids, std::int64_t step) {
  std::vector<std::int64_t> addresses;
  addresses.reserve(ids.size());
  for (const auto id : ids) addresses.push_back(tables.lists()[0].address_of(id));
  tables.end_step(step, {{0, at::tensor(addresses, at::kLong), at::ones({std::ssize(ids)})}});
}

Checkpoint saved(const ShardedTables& tables) {
  Checkpoint checkpoint;
  tables.save(checkpoint);
  return checkpoint;
}

TableShards& entry(Checkpoint& checkpoint, const std::string& name) {
  return *std::find_if(checkpoint.tables.begin(), checkpoint.tables.end(),
                       [&](const auto& each) { return each.name == name; });
}

class CheckpointTablesTest : public testing::Test {
 protected:
  CheckpointTablesTest() {
    see(tables, {3, 7, 20, 100, 499}, 0);
    see(tables, {3, 8}, 1);
  }
  std::string complaint_of(const Checkpoint& checkpoint) {
    auto again = growing_tables();
    try {
      again.restore(checkpoint);
    } catch (const DataError& error) {
      return error.what();
    }
    return "";
  }
  SelfCommunicator alone;
  ShardedTables tables = growing_tables();
  const at::Tensor all = at::arange(kWords, at::kLong);
};

TEST_F(CheckpointTablesTest, NewRowsAreFunctionsOfTheirKeysAndOthersAreShared) {
  auto other = growing_tables();
  see(other, {8, 3}, 5);
  const auto rows = tables.rows("embedding", all), of_other = other.rows("embedding", all);
  EXPECT_TRUE(at::equal(rows[3], of_other[3]));
  EXPECT_TRUE(at::equal(rows[8], of_other[8]));
  EXPECT_FALSE(at::equal(rows[7], of_other[7]));  // which has only the shared one there
  for (std::int64_t id = 1; id < kWords; ++id)
    for (std::int64_t second = id + 1; second < 40; ++second) {
      const auto shard = [&](auto each) { return shard_of_address(tables.lists()[0].address_of(each)); };
      const bool both_wait =
          id != 3 && id != 7 && id != 8 && id != 20 && second != 3 && second != 7 && second != 8 && second != 20;
      EXPECT_EQ(at::equal(rows[id], rows[second]), both_wait && shard(id) == shard(second)) << id << " " << second;
    }
}

TEST_F(CheckpointTablesTest, ARowThatTakesThePlaceOfAnotherHasNothingOfIt) {
  auto full = growing_tables(name_of_id, 64);
  std::map<std::int64_t, std::vector<std::int64_t>> ids;  // by shard
  for (std::int64_t id = 1; id < kWords; ++id) ids[shard_of_address(full.lists()[0].address_of(id))].push_back(id);
  const auto& two = ids.begin()->second;
  see(full, {two[0]}, 0);
  auto& table = full.list()[0];
  table.records.fill_(7.0);
  table.steps.fill_(7);
  see(full, {two[1]}, 1);
  const auto place =
      full.lists()[0].places_of(at::tensor({full.lists()[0].address_of(two[1])}, at::kLong)).item<std::int64_t>();
  EXPECT_EQ(place, ids.begin()->first * 2 + 1);
  EXPECT_EQ(table.records[place].slice(0, kWordWidth).abs().max().item<float>(), 0.0f);
  EXPECT_NE(table.records[place][0].item<float>(), 7.0f);
  EXPECT_EQ(table.steps[place].item<std::int64_t>(), 0);
}

TEST_F(CheckpointTablesTest, ComeBackAsTheyWere) {
  tables.list()[0].records.add_(0.25);
  tables.keep_best(2);
  see(tables, {9}, 2);
  const auto checkpoint = saved(tables);
  auto again = growing_tables();
  again.restore(checkpoint);
  EXPECT_EQ(again.digest(alone), tables.digest(alone));
  EXPECT_TRUE(at::equal(again.whole("embedding"), tables.whole("embedding")));
  see(tables, {3, 11}, 3);
  see(again, {3, 11}, 3);
  EXPECT_EQ(again.digest(alone), tables.digest(alone));
  const auto& names = tables.lists()[0].names();
  const auto best = saved_rows(checkpoint, "embedding", true, names.addresses(), &names);
  again.take_best();
  tables.take_best();
  EXPECT_EQ(again.digest(alone), tables.digest(alone));
  EXPECT_TRUE(at::equal(best, tables.whole("embedding")));
  EXPECT_EQ(growth_in(checkpoint).at(0).rows, 7);  // with the one that came after the best
}

class DeltaOfGrowingTablesTest : public CheckpointTablesTest {
 protected:
  // A delta to what the first two steps have made, and that with it.
  Checkpoint delta() const {
    Checkpoint changes;
    changes.base = 2;
    tables.save(changes);
    return changes;
  }
  std::vector<TableShards> joined(std::vector<TableShards> of_delta) const {
    return with_changes(base.tables, std::move(of_delta), "run", {});
  }
  void expect_as_saved_whole() {
    auto all_rows = saved(tables), with_base = delta();
    with_base.tables = joined(with_base.tables);
    auto again = growing_tables();
    again.restore(with_base);
    EXPECT_EQ(again.digest(alone), tables.digest(alone));
    ASSERT_EQ(with_base.tables.size(), all_rows.tables.size());
    for (const auto& table : all_rows.tables) {
      const auto& found = entry(with_base, table.name);
      EXPECT_EQ(found.counts, table.counts) << table.name;
      EXPECT_EQ(found.names, table.names) << table.name;
      for (const auto& [name, array] : table.arrays)
        EXPECT_TRUE(at::equal(found.arrays.at(name), array)) << table.name << "/" << name;
    }
  }
  void change(const std::vector<std::int64_t>& ids, std::int64_t step) {
    see(tables, ids, step);
    const auto& list = tables.lists()[0];
    for (const auto id : ids) {
      const auto place = list.places_of(at::tensor({list.address_of(id)}, at::kLong));
      for (auto& table : tables.list()) table.records.index_add_(0, place, at::ones({1, table.records.size(1)}));
    }
  }

  const Checkpoint base = saved(tables);
};

TEST_F(DeltaOfGrowingTablesTest, HasTheRowsThatWereSeenSince) {
  change({7, 200}, 2);
  tables.list()[0].records[0].add_(3.0);  // a shared row
  const auto changes = delta();
  const auto rows = [](const TableShards& table) {
    return std::accumulate(table.counts.begin(), table.counts.end(), std::int64_t{0});
  };
  for (const auto& table : changes.tables) {
    if (table.name == "embedding" || table.name == "rows index") {
      EXPECT_EQ(rows(table), kVirtualShards + 2) << table.name;
    }
    if (table.name == "rows index kept") {
      EXPECT_EQ(rows(table), 5);
    }
  }
  expect_as_saved_whole();
}

TEST_F(DeltaOfGrowingTablesTest, LeavesOutWhatIsGone) {
  auto full = growing_tables(name_of_id, 64);  // of a row a shard, which the next key takes
  std::vector<std::int64_t> some(150), more(60);
  std::iota(some.begin(), some.end(), 1);
  std::iota(more.begin(), more.end(), 200);
  see(full, some, 0);
  const auto before = saved(full);
  see(full, more, 1);
  Checkpoint changes;
  changes.base = 1;
  full.save(changes);
  auto found = changes;
  found.tables = with_changes(before.tables, changes.tables, "run", {});
  auto again = growing_tables(name_of_id, 64);
  again.restore(found);
  EXPECT_EQ(again.digest(alone), full.digest(alone));
  EXPECT_GT(growth_in(found).at(0).evicted, 10);
  EXPECT_EQ(growth_in(found).at(0).rows, growth_in(saved(full)).at(0).rows);
}

TEST_F(DeltaOfGrowingTablesTest, HasTheBestRowsWhereTheyAreNewer) {
  change({3, 30}, 2);
  tables.keep_best(3);
  change({3, 31}, 3);
  expect_as_saved_whole();
}

TEST_F(DeltaOfGrowingTablesTest, TakesOlderBestRowsFromTheBase) {
  tables.keep_best(2);
  const_cast<Checkpoint&>(base) = saved(tables);
  change({3, 31}, 2);
  for (const auto& table : delta().tables) EXPECT_EQ(table.name.find("best"), std::string::npos);
  expect_as_saved_whole();
}

TEST_F(DeltaOfGrowingTablesTest, ThatDoesNotFitItsBaseIsRefused) {
  change({7, 200}, 2);
  const auto complaint = [&](const std::function<void(Checkpoint&)>& spoil) -> std::string {
    auto changes = delta();
    spoil(changes);
    try {
      joined(changes.tables);
    } catch (const DataError& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(complaint([](auto&) {}), "");
  const auto says = [&](const std::string& what, const std::function<void(Checkpoint&)>& spoil) {
    const auto said = complaint(spoil);
    EXPECT_NE(said.find(what), std::string::npos) << said << " instead of " << what;
  };
  says("keeps some that are not there",
       [](auto& spoiled) { entry(spoiled, "rows index kept").arrays["address"][0] += 1; });
  says("has rows twice", [](auto& spoiled) {
    auto& kept = entry(spoiled, "rows index kept");
    const auto& index = entry(spoiled, "rows index").arrays["address"];
    kept.arrays["address"] = at::cat({index[0].unsqueeze(0), kept.arrays["address"]});
    ++kept.counts[0];
  });
  says("does not tell which rows are kept", [](auto& spoiled) { entry(spoiled, "rows index kept").name = "other"; });
  says("no address for each row", [](auto& spoiled) { ++entry(spoiled, "rows index").counts[0]; });
  says("without an index", [](auto& spoiled) { entry(spoiled, "linear").index = "other"; });
  says("has no table 'other'", [](auto& spoiled) { entry(spoiled, "linear").base = "other"; });
  says("for other rows", [](auto& spoiled) { entry(spoiled, "linear").arrays["values"] = at::zeros({2, 1}); });
  says("is not in what the delta rests on", [](auto& spoiled) {
    entry(spoiled, "linear").arrays["values"] = at::zeros({66, 2});
  });
}

TEST_F(CheckpointTablesTest, KeysAreKnownByTheirNamesWhateverTheirIds) {
  const auto backwards = [](std::int64_t id) { return id == 0 ? "" : name_of_id(kWords - id); };
  auto other = growing_tables(backwards);
  other.start_from(saved(tables));
  const auto rows = tables.rows("linear", all), of_other = other.rows("linear", all);
  for (const std::int64_t id : {3, 7, 8, 20, 100, 499}) EXPECT_TRUE(at::equal(rows[id], of_other[kWords - id])) << id;
}

TEST_F(CheckpointTablesTest, AnotherRunStartsFromTheBestRows) {
  tables.keep_best(2);
  const auto best = tables.whole("embedding");
  see(tables, {9}, 2);
  tables.list()[0].records.add_(1.0);
  auto other = growing_tables();
  other.start_from(saved(tables));
  EXPECT_TRUE(at::equal(other.whole("embedding"), best));
}

TEST_F(CheckpointTablesTest, AnotherKeyOfTheSameHashIsNamed) {
  auto checkpoint = saved(tables);
  entry(checkpoint, "rows index").names[1] = "word=elephant";
  EXPECT_NE(complaint_of(checkpoint).find("and 'word=elephant' have one hash"), std::string::npos);
}

TEST_F(CheckpointTablesTest, WhatIsNoIndexIsRefused) {
  const auto good = saved(tables);
  EXPECT_EQ(complaint_of(good), "");
  const auto spoiled = [&](const std::function<void(Checkpoint&)>& spoil) {
    auto checkpoint = good;
    for (auto& table : checkpoint.tables)
      for (auto& [name, array] : table.arrays) array = array.clone();
    spoil(checkpoint);
    return complaint_of(checkpoint);
  };
  const auto address = [](Checkpoint& checkpoint) { return entry(checkpoint, "rows index").arrays.at("address"); };
  const std::vector<std::function<void(Checkpoint&)>> ways = {
      [&](auto& checkpoint) { address(checkpoint)[0] = 5; },    // no shared row
      [&](auto& checkpoint) { address(checkpoint)[-1] = -1; },  // of no shard
      [&](auto& checkpoint) { address(checkpoint).copy_(address(checkpoint).flip(0)); },
      [&](auto& checkpoint) { entry(checkpoint, "rows index").names.pop_back(); },
      [&](auto& checkpoint) { entry(checkpoint, "rows index").counts[0] = 0; },
      [&](auto& checkpoint) { entry(checkpoint, "rows index").counts[0] += 1000; },
      [&](auto& checkpoint) {
        entry(checkpoint, "rows waiting").arrays["address"] = at::full({1}, -7, at::kLong),
                          entry(checkpoint, "rows waiting").counts[0] = 1,
                          entry(checkpoint, "rows waiting").arrays["sightings"] = at::ones({1}, at::kLong);
      },
      [&](auto& checkpoint) { entry(checkpoint, "rows totals").arrays["admitted"] = at::zeros({3}, at::kLong); },
      [&](auto& checkpoint) { entry(checkpoint, "rows totals").name = "other"; },
      [&](auto& checkpoint) {
        entry(checkpoint, "linear").arrays["values"] = at::zeros({2, 1});
      },
      [&](auto& checkpoint) { entry(checkpoint, "linear").arrays.erase("moment"); },
      [&](auto& checkpoint) {
        entry(checkpoint, "embedding").arrays["values"] = entry(checkpoint, "linear").arrays["values"];
      },
      [&](auto& checkpoint) {
        entry(checkpoint, "rows index").arrays["address"] = at::zeros({64 + 6, 1});
      },
      [&](auto& checkpoint) { entry(checkpoint, "rows totals").arrays["evicted"] = at::zeros({1}, at::kLong); },
      [&](auto& checkpoint) { entry(checkpoint, "linear").ids_of.clear(); },
  };
  for (std::size_t way = 0; way < ways.size(); ++way) EXPECT_NE(spoiled(ways[way]), "") << way;
  EXPECT_NE(spoiled([&](auto& checkpoint) {
              auto larger = growing_tables(name_of_id, 100000);
              std::vector<std::int64_t> many(kWords - 1);
              std::iota(many.begin(), many.end(), 1);
              see(larger, many, 0);
              checkpoint = saved(larger);
              for (auto& table : checkpoint.tables) table.rows = 64;
            }),
            "");
}

// Of ids of two fields, turn by turn; words grow as they like, names wait for two sightings.
std::string name_of_field(std::int64_t id) {
  return id == 0 ? "" : (id % 2 == 0 ? "word=" : "name=") + std::to_string(id);
}
ShardedTables tables_of_fields(std::int64_t most_rows, std::int64_t most_names,
                               const RowNames::NameOf& names = name_of_field) {
  const Growth growth = {.most_rows = most_rows};
  return growing_tables(names, growth,
                        {{IdsOf::kRows, {{"", growth}, {"name", {.most_rows = most_names, .admit = 2}}}}});
}
std::vector<std::int64_t> ids_from(std::int64_t first, std::int64_t count) {
  std::vector<std::int64_t> ids(static_cast<std::size_t>(count));
  std::iota(ids.begin(), ids.end(), first);
  return ids;
}

class SavedPoolsTest : public testing::Test {
 protected:
  SavedPoolsTest() {
    see(tables, ids_from(1, 150), 0);
    see(tables, ids_from(100, 150), 1);
    see(tables, ids_from(200, 200), 2);
  }
  SelfCommunicator alone;
  ShardedTables tables = tables_of_fields(128, 64);  // of which some shards are full
};

TEST_F(SavedPoolsTest, GoOnAsTheyWere) {
  const auto checkpoint = saved(tables);
  auto again = tables_of_fields(128, 64);
  again.restore(checkpoint);
  const auto expect_same = [&] {
    EXPECT_EQ(again.digest(alone), tables.digest(alone));
    const auto wanted = tables.growth(alone), found = again.growth(alone);
    for (const auto& [of_wanted, of_found] : {std::pair<GrowthTotals, GrowthTotals>(wanted, found),
                                              {wanted.of_fields.at("name"), found.of_fields.at("name")}}) {
      EXPECT_EQ(of_found.rows, of_wanted.rows);
      EXPECT_EQ(of_found.waiting, of_wanted.waiting);
      EXPECT_EQ(of_found.admitted, of_wanted.admitted);
      EXPECT_EQ(of_found.evicted, of_wanted.evicted);
    }
  };
  expect_same();
  for (auto* each : {&tables, &again}) {
    see(*each, ids_from(1, 40), 3);  // names that have waited since the first step
    see(*each, ids_from(300, 60), 4);
  }
  expect_same();
}

TEST_F(SavedPoolsTest, CheckpointsTellWhatBecameOfEachField) {
  const auto report = tables.growth(alone);
  const auto facts = growth_in(saved(tables)).at(0);
  const auto &of_name = report.of_fields.at("name"), &saved_of_name = facts.of_fields.at("name");
  EXPECT_GT(of_name.rows, 10);
  EXPECT_GT(of_name.waiting, 10);
  EXPECT_GT(of_name.evicted, 0);
  EXPECT_GT(report.evicted, of_name.evicted);
  EXPECT_EQ(facts.rows, report.rows);
  EXPECT_EQ(facts.evicted, report.evicted);
  EXPECT_EQ(saved_of_name.rows, of_name.rows);
  EXPECT_EQ(saved_of_name.waiting, of_name.waiting);
  EXPECT_EQ(saved_of_name.admitted, of_name.admitted);
  EXPECT_EQ(saved_of_name.evicted, of_name.evicted);
  EXPECT_TRUE(growth_in(saved(growing_tables())).at(0).of_fields.empty());
}

TEST_F(SavedPoolsTest, ADeltaHasThem) {
  const auto base = saved(tables);
  see(tables, ids_from(1, 40), 3);
  Checkpoint changes;
  changes.base = 3;
  tables.save(changes);
  changes.tables = with_changes(base.tables, changes.tables, "run", {});
  auto again = tables_of_fields(128, 64);
  again.restore(changes);
  EXPECT_EQ(again.digest(alone), tables.digest(alone));
  EXPECT_EQ(again.growth(alone).of_fields.at("name").admitted, tables.growth(alone).of_fields.at("name").admitted);
  see(tables, ids_from(20, 40), 4);
  see(again, ids_from(20, 40), 4);
  EXPECT_EQ(again.digest(alone), tables.digest(alone));
}

TEST_F(SavedPoolsTest, RowsThatAFieldHasNoRoomForAreRefusedByItsName) {
  const auto complaint = [&](ShardedTables other) -> std::string {
    try {
      other.start_from(saved(tables));
    } catch (const DataError& error) {
      return error.what();
    }
    return "";
  };
  auto roomy = tables_of_fields(1000, 1000);
  see(roomy, ids_from(1, 499), 0);
  see(roomy, ids_from(1, 499), 1);
  tables = std::move(roomy);
  EXPECT_EQ(complaint(tables_of_fields(1000, 1000)), "");
  EXPECT_EQ(complaint(growing_tables(name_of_field, 2000)), "");
  EXPECT_EQ(complaint(tables_of_fields(1000, 64)),
            "the checkpoint's 'rows index' has more rows of field 'name' than its most-rows in tables.fields has room "
            "for");
  EXPECT_EQ(complaint(tables_of_fields(64, 1000)),
            "the checkpoint's 'rows index' has more rows than tables.most-rows has room for");
}

// Nobody can tell what field they are of, and no step will see them.
TEST_F(SavedPoolsTest, KeysThatWaitAndThatTheDataLackAreForgottenWhereFieldsHavePools) {
  const auto renamed = [](std::int64_t id) { return id == 0 ? "" : "name=another" + std::to_string(id); };
  const auto checkpoint = saved(tables);
  const auto waiting = growth_in(checkpoint).at(0).waiting;
  ASSERT_GT(waiting, 10);
  const auto waiting_after = [&](ShardedTables other) {
    other.start_from(checkpoint);
    return other.growth(alone).waiting;
  };
  EXPECT_EQ(waiting_after(tables_of_fields(128, 64)), waiting);
  EXPECT_EQ(waiting_after(tables_of_fields(128, 64, renamed)), 0);
  EXPECT_EQ(waiting_after(growing_tables(renamed, 2000)), waiting);
}

TEST_F(SavedPoolsTest, WhatDoesNotTellOfFieldsIsRefused) {
  const auto refuses = [&](const std::function<void(TableShards&)>& spoil) {
    auto checkpoint = saved(tables);
    spoil(entry(checkpoint, "rows fields"));
    auto again = tables_of_fields(128, 64);
    EXPECT_THROW(growth_in(checkpoint), DataError);
    EXPECT_THROW(again.restore(checkpoint), DataError);
  };
  refuses([](auto& fields) { fields.names.pop_back(); });
  refuses([](auto& fields) { fields.counts[3] += 1; });
  refuses([](auto& fields) { fields.arrays["evicted"] = at::zeros({3}, at::kLong); });
  refuses([](auto& fields) { fields.arrays["admitted"] = at::zeros({kVirtualShards, 1}); });
  refuses([](auto& fields) { fields.arrays.erase("rows"); });
  auto checkpoint = saved(tables), shorter = checkpoint;
  entry(shorter, "rows fields").counts.pop_back();
  auto again = tables_of_fields(128, 64);
  EXPECT_THROW(again.restore(shorter), DataError);
}

// A fixed table, and one that grows, whose values are of another width than the table is said to be.
TEST_F(CheckpointTablesTest, ValuesOfAnotherWidthAreNotRead) {
  ShardedTables fixed(0, 1);
  Initialiser draw(3);
  fixed.add(
      {"embedding", ParameterGroup::kEmbedding, IdsOf::kRows, 70, kWordWidth, draw.normal_table(70, kWordWidth, 1.0)});
  fixed.draw();
  const auto& names = tables.lists()[0].names();
  for (const auto* each : {&fixed, &tables}) {
    auto checkpoint = saved(*each);
    const auto addresses = each == &fixed ? at::arange(70, at::kLong) : names.addresses();
    EXPECT_NO_THROW(saved_rows(checkpoint, "embedding", false, addresses, &names));
    auto& values = entry(checkpoint, "embedding").arrays["values"];
    values = values.narrow(1, 0, 1).contiguous();
    EXPECT_THROW(saved_rows(checkpoint, "embedding", false, addresses, &names), DataError);
  }
}

// One virtual shard after the other they are the table.
TEST_F(CheckpointTablesTest, AShardsRowsAreThoseOfItsIdsAndOfNoPlaceWithoutOne) {
  const auto values = at::arange(70 * kWordWidth, at::kFloat).view({70, kWordWidth});
  auto found = at::zeros_like(values), seen = at::zeros({70});
  for (int number = 0; number < kVirtualShards; ++number) {
    ShardedTables shard(number, kVirtualShards);
    shard.add({"embedding", ParameterGroup::kEmbedding, IdsOf::kRows, 70, kWordWidth,
               Initialiser(3).normal_table(70, kWordWidth, 1.0)});
    shard.draw();
    shard.assign("embedding", values);
    auto checkpoint = saved(shard);
    const auto [rows, ids] = rows_of_shard(checkpoint, "embedding", false);
    found.index_copy_(0, ids, rows);
    seen.index_add_(0, ids, at::ones({ids.numel()}));
    EXPECT_THROW(rows_of_shard(checkpoint, "embedding", true), DataError);
    entry(checkpoint, "embedding").arrays["values"] = rows.narrow(0, 0, 0);
    EXPECT_THROW(rows_of_shard(checkpoint, "embedding", false), DataError);
  }
  EXPECT_TRUE(at::equal(found, values));
  EXPECT_TRUE(seen.eq(1).all().item<bool>());
}

TEST_F(CheckpointTablesTest, MoreRowsThanThereIsRoomForAreRefused) {
  auto larger = growing_tables(name_of_id, 100000);
  std::vector<std::int64_t> many(kWords - 1);
  std::iota(many.begin(), many.end(), 1);
  see(larger, many, 0);
  auto smaller = growing_tables(name_of_id, 64);
  EXPECT_THROW(smaller.restore(saved(larger)), DataError);
  larger.keep_best(1);
  auto checkpoint = saved(tables);  // whose own rows fit; the best ones are not of it
  for (const auto& table : saved(larger).tables)
    if (table.name.find("best") != std::string::npos) checkpoint.tables.push_back(table);
  EXPECT_THROW(growing_tables(name_of_id, 512).restore(checkpoint), DataError);
}

}  // namespace
}  // namespace warmstart
