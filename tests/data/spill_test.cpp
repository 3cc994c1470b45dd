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
    SpillWriter writer(folder.path(), 1);
    for (std::int64_t order = 0; order < 3; ++order) {
      const std::vector<Cell> cells = {fields[0]->parse("a|b"), fields[1]->parse("7.5")};
      writer.add("task", {static_cast<std::uint32_t>(order), 4.0, 1e9, order, cells}, fields);
    }
    writer.close();
  }
  SpilledShard read(std::size_t entities = 3) const {
    return read_spill(folder.path(), 0, fields, entities, options, [](const auto&) { return INFINITY; });
  }

  TemporaryFolder folder;
  IngestOptions options;
  FieldBuilders fields;
  const std::filesystem::path file = folder.path() / "spill-00000";
};

TEST_F(SpillTest, GivesBackWhatWasWritten) {
  const auto shard = read();
  ASSERT_EQ(shard.tasks.size(), 1u);
  ASSERT_EQ(shard.tasks[0].rows.size(), 3u);
  EXPECT_EQ(shard.tasks[0].key, "task");
  EXPECT_EQ(shard.tasks[0].rows[2].entity, 2u);
  EXPECT_EQ(shard.tasks[0].rows[2].cells[0].keys, (std::vector<std::uint32_t>{0, 1}));
  EXPECT_EQ(shard.tasks[0].rows[2].cells[1].value, 7.5);
}

TEST_F(SpillTest, ACutRecordIsRefusedWhereverItIsCut) {
  const auto whole = read_file(file);
  const auto record = whole.size() / 3;
  for (std::size_t size = 1; size < whole.size(); ++size) {
    if (size % record == 0) continue;  // between two records
    folder.write("spill-00000", whole.substr(0, size));
    EXPECT_THROW(read(), DataError) << size;
  }
}

TEST_F(SpillTest, LengthsAndKeysBeyondWhatIsThereAreRefused) {
  const auto whole = read_file(file);
  for (const std::size_t place : {0, 40}) {  // the length of the task's key, and of the tags
    auto damaged = whole;
    damaged[place + 3] = '\x7f';
    folder.write("spill-00000", damaged);
    EXPECT_THROW(read(), DataError) << place;
  }
  folder.write("spill-00000", whole);
  EXPECT_THROW(read(2), DataError);  // an entity that is not there
  auto damaged = whole;
  damaged[40] = '\x02';  // a tag that is not there
  folder.write("spill-00000", damaged);
  EXPECT_THROW(read(), DataError);
}

}  // namespace
}  // namespace warmstart
