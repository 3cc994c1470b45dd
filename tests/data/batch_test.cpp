#include "data/batch.h"

#include <gtest/gtest.h>

#include <cmath>

#include "data/ingest.h"
#include "tests/support/temporary_folder.h"

namespace warmstart {
namespace {

class BatchTest : public testing::Test {
 protected:
  BatchTest() {
    options.dataset = folder.path() / "dataset";
    options.interactions.files = {
        folder.write("rows.csv", "user,item,rating,hour\nu1,i1,4,1\nu1,i2,2,2\nu1,i3,5,3\nu2,i2,1,4\nu2,i1,2,5\n")
            .string()};
    options.user = "user";
    options.item = "item";
    options.label = "rating";
    options.items.files = {folder.write("items.csv", "item,tags\ni1,a|b|c\ni2,b\ni3,\n").string()};
    options.items.key = "item";
    options.items.multi = {"tags"};
    options.min_rows = 2;
    options.shards = 1;
    options.validation = options.test = "0";
  }
  Dataset dataset() {
    ingest(options);
    return {options.dataset, true};
  }
  TemporaryFolder folder;
  IngestOptions options;
};

TEST_F(BatchTest, HoldsEachEntityOnceAndPointsToIt) {
  const auto data = dataset();
  const auto batch = make_batch(data, {{0, {{0, 1}, {2}}}, {1, {{0}, {1}}}});
  EXPECT_EQ(batch.rows.count, 3);
  EXPECT_EQ(batch.support.width, 2);
  EXPECT_EQ(batch.support.place, (std::vector<std::int64_t>{0, 1, 1, 0}));
  EXPECT_EQ(batch.support.mask, (std::vector<float>{1, 1, 1, 0}));
  EXPECT_EQ(batch.query.label, (std::vector<float>{5, 2}));
  EXPECT_DOUBLE_EQ(batch.padded_share(), 1.0 / 6.0);
}

TEST_F(BatchTest, KeysComeFirstAndSeveralValuesShareTheirWeight) {
  const auto data = dataset();
  const auto batch = make_batch(data, {{0, {{0, 1, 2}, {}}}});
  // Ids: item 1..3 of range 0..3, then tags a, b, c as 5..7 of range 4..7.
  EXPECT_EQ(batch.rows.ids, (std::vector<std::int64_t>{1, 5, 6, 7, 2, 6, 3}));
  EXPECT_EQ(batch.rows.offsets, (std::vector<std::int64_t>{0, 4, 6}));
  EXPECT_FLOAT_EQ(batch.rows.weights[1], 1.0f / std::sqrt(3.0f));
  EXPECT_FLOAT_EQ(batch.rows.weights[5], 1.0f);
  EXPECT_EQ(feature_layout(data.schema()).row_ids, 8);
}

TEST_F(BatchTest, RowsWithFieldsOfTheirOwnAreNotShared) {
  options.interactions.dense = {"hour"};
  const auto data = dataset();
  const auto batch = make_batch(data, {{0, {{0, 1}, {2}}}, {1, {{0}, {1}}}});
  EXPECT_EQ(batch.rows.count, 5);
  EXPECT_EQ(batch.rows.dense.size(), 5u);
  EXPECT_NE(batch.rows.dense[0], batch.rows.dense[4]);
}

TEST_F(BatchTest, AnUnknownKeyWeighsNothing) {
  options.test = folder.write("test.txt", "u1\n").string();
  const auto data = dataset();  // i3 occurs in u1's rows only
  const auto task = data.tasks_of(Split::kTest)[0];
  const auto batch = make_batch(data, {{task, {{2}, {0}}}});
  EXPECT_EQ(batch.key, (std::vector<std::int64_t>{0, 1}));
  EXPECT_EQ(batch.rows.weights[0], 0.0f);
}

}  // namespace
}  // namespace warmstart
