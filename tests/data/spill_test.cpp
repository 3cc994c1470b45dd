#include "data/spill.h"

#include <gtest/gtest.h>

#include "base/errors.h"
#include "base/files.h"
#include "tests/support/temporary_folder.h"

namespace warmstart {
namespace {

class SpillTest : public testing::Test {
 protected:
  SpillTest() {
    TableOptions table;
    table.multi = {"tags"};
    table.dense = {"hour"};
    options.min_rows = 1;
    fields = field_builders(table, FieldOwner::kRow, options);
    SpillWriter writer(folder.path(), 1, 0);
    for (std::int64_t order = 0; order < 3; ++order) {
      std::vector<Cell> cells(2);
      fields[0]->parse("a|b", cells[0]);
      fields[1]->parse("7.5", cells[1]);
      writer.add("task", {static_cast<std::uint32_t>(order), 4.0, 1e9, order, cells}, fields);
    }
    writer.close();
  }
  SpilledShard read(std::size_t entities = 3) const {
    const std::vector ranks = {of_rank(entities)};
    return SpillReader{folder.path(), fields, ranks, true, false, fields.size()}.read(0);
  }
  SpillOfRank of_rank(std::size_t entities) const {
    return {0, NumbersOfRank(entities), {NumbersOfRank(fields[0]->keys.size()), NumbersOfRank(0)}, 0};
  }

  TemporaryFolder folder;
  IngestOptions options;
  FieldBuilders fields;
  const std::string name = "spill-00000-00000";
  const std::filesystem::path file = folder.path() / name;
};

TEST_F(SpillTest, GivesBackWhatWasWritten) {
  const auto shard = read();
  ASSERT_EQ(shard.tasks.size(), 1u);
  ASSERT_EQ(shard.tasks[0].rows.size(), 3u);
  EXPECT_EQ(shard.tasks[0].key, "task");
  EXPECT_EQ(shard.tasks[0].rows[2].entity, 2u);
  CellReader reader(fields);
  const auto& cells = reader.of(shard.tasks[0].rows[2]);
  EXPECT_EQ(cells[0].keys, (std::vector<std::uint32_t>{0, 1}));
  EXPECT_EQ(cells[1].value, 7.5);
}

// What a second rank has spilled, by numbers of its own, stands behind what the first has.
TEST_F(SpillTest, RowsOfSeveralRanksGetTheNumbersOfAll) {
  SpillWriter writer(folder.path(), 1, 1);
  writer.add("task", {0, 2.0, 5.0, 0, {Cell{{1}, 0.0}, Cell{{}, 1.5}}}, fields);
  writer.close();
  const SpillOfRank second = {1, NumbersOfRank(0, {7u}), {NumbersOfRank(0, {4u, 0u}), NumbersOfRank(0)}, 3};
  const std::vector ranks = {of_rank(3), second};
  const SpillReader reader = {folder.path(), fields, ranks, false, false, fields.size()};
  const auto shard = reader.read(0);
  ASSERT_EQ(shard.tasks.size(), 1u);
  ASSERT_EQ(shard.tasks[0].rows.size(), 4u);
  const auto& row = shard.tasks[0].rows[3];
  EXPECT_EQ(row.entity, 7u);
  EXPECT_EQ(row.user, kNoUser);
  EXPECT_EQ(row.order, 3);
  EXPECT_EQ(row.time, 3.0);  // Without times a row's position stands for it.
  CellReader cells(fields);
  EXPECT_EQ(cells.of(row)[0].keys, std::vector<std::uint32_t>{0});
  EXPECT_EQ(cells.of(row)[1].value, 1.5);
}

TEST_F(SpillTest, RowsMayHaveUsersWhomRanksNumberEachByItself) {
  for (const int rank : {1, 2}) {
    SpillWriter writer(folder.path(), 1, rank);
    writer.add("task", {0, 2.0, 5.0, 0, {Cell{{1}, 0.0}, Cell{{}, 1.5}}, 1}, fields);
    writer.close();
  }
  const auto reader_of = [&](const std::vector<SpillOfRank>& ranks) {
    return SpillReader{folder.path(), fields, ranks, true, true, fields.size()};
  };
  const std::vector<NumbersOfRank> keys = {NumbersOfRank(2), NumbersOfRank(0)};
  const std::vector<SpillOfRank> ranks = {{1, NumbersOfRank(1), keys, 0, NumbersOfRank(2)},
                                          {2, NumbersOfRank(1), keys, 1, NumbersOfRank(0, {1u, 9u})}};
  const auto shard = reader_of(ranks).read(0);
  ASSERT_EQ(shard.tasks[0].rows.size(), 2u);
  EXPECT_EQ(shard.tasks[0].rows[0].user, 1u);
  EXPECT_EQ(shard.tasks[0].rows[1].user, 9u);
  CellReader cells(fields);
  EXPECT_EQ(cells.of(shard.tasks[0].rows[1])[1].value, 1.5);
  const std::vector<SpillOfRank> too_few = {{1, NumbersOfRank(1), keys, 0, NumbersOfRank(1)}};
  EXPECT_THROW(reader_of(too_few).read(0), DataError);
}

TEST_F(SpillTest, ACutRecordIsRefusedWhereverItIsCut) {
  const auto whole = read_file(file);
  const auto record = whole.size() / 3;
  for (std::size_t size = 1; size < whole.size(); ++size) {
    if (size % record == 0) continue;  // between two records
    folder.write(name, whole.substr(0, size));
    EXPECT_THROW(read(), DataError) << size;
  }
}

TEST_F(SpillTest, LengthsAndKeysBeyondWhatIsThereAreRefused) {
  const auto whole = read_file(file);
  for (const std::size_t place : {0, 40}) {  // the length of the task's key, and of the tags
    auto damaged = whole;
    damaged[place + 3] = '\x7f';
    folder.write(name, damaged);
    EXPECT_THROW(read(), DataError) << place;
  }
  folder.write(name, whole);
  EXPECT_THROW(read(2), DataError);  // an entity that is not there
  auto damaged = whole;
  damaged[40] = '\x02';  // a tag that is not there
  folder.write(name, damaged);
  EXPECT_THROW(read(), DataError);
}

}  // namespace
}  // namespace warmstart
