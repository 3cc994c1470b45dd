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

TEST_F(BatchTest, ValuesAreCountedByEntityAndNotByRow) {
  options.interactions.categorical = {"hour"};
  const auto data = dataset();
  // Behind the keys: tags (none, a, b, c), hours (none, 1 to 5), which are not an entity's.
  EXPECT_EQ(entities_with_values(data), (std::vector<std::int64_t>{0, 1, 2, 1, 0, 0, 0, 0, 0, 0}));
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

TEST_F(BatchTest, SeveralMicrobatchesHaveRowsAndIdsOfTheirOwn) {
  const auto data = dataset();
  const auto batch = make_batch(data, {{{0, {{0, 1}, {2}}}}, {{1, {{0}, {1}}}}}, 3, 1);
  EXPECT_EQ(batch.microbatches(), 2);
  EXPECT_EQ(batch.first_rows, (std::vector<std::int64_t>{0, 3, 5}));
  EXPECT_EQ(batch.support.width, 3);
  EXPECT_EQ(batch.support.place, (std::vector<std::int64_t>{0, 1, 0, 3, 3, 3}));
  EXPECT_EQ(batch.key, (std::vector<std::int64_t>{1, 2, 3, 2, 1}));
  const auto& lookup = batch.key_lookup;
  EXPECT_EQ(lookup.ids, (std::vector<std::int64_t>{1, 2, 3, 2, 1}));
  EXPECT_EQ(lookup.firsts, (std::vector<std::int64_t>{0, 3, 5}));
  EXPECT_EQ(lookup.places, (std::vector<std::int64_t>{0, 1, 2, 3, 4}));
  EXPECT_EQ(lookup.all, (std::vector<std::int64_t>{1, 2, 3}));
  EXPECT_EQ(lookup.in_all, (std::vector<std::int64_t>{0, 1, 2, 1, 0}));
  // Tag b, id 6, occurs twice in the first microbatch and is looked up once.
  EXPECT_EQ(batch.rows.lookup.ids, (std::vector<std::int64_t>{1, 5, 6, 7, 2, 3, 2, 6, 1, 5, 7}));
  EXPECT_EQ(batch.rows.lookup.firsts, (std::vector<std::int64_t>{0, 6, 11}));
}

TEST_F(BatchTest, SeveralMicrobatchesHaveDescriptionsOfTheirOwn) {
  options.users.files = {folder.write("users.csv", "user,group\nu1,a\nu2,b\n").string()};
  options.users.key = "user";
  options.users.categorical = {"group"};
  const auto data = dataset();
  const auto batch = make_batch(data, {{{0, {{0}, {1}}}, {1, {{0}, {1}}}}, {{1, {{0}, {1}}}, {1, {{1}, {0}}}}}, 1, 1);
  EXPECT_EQ(batch.descriptions.ids, (std::vector<std::int64_t>{1, 2, 2, 2}));
  const auto& lookup = batch.descriptions.lookup;
  EXPECT_EQ(lookup.ids, (std::vector<std::int64_t>{1, 2, 2}));
  EXPECT_EQ(lookup.firsts, (std::vector<std::int64_t>{0, 2, 3}));
  EXPECT_EQ(lookup.places, (std::vector<std::int64_t>{0, 1, 2, 2}));
}

TEST_F(BatchTest, RowsThatAreEntitiesComeInBlocks) {
  const auto data = dataset();
  const auto whole = make_batch(data, {{0, {{0, 1}, {2}}}});
  const auto tasks = make_batch(data, {{{0, {{0, 1}, {2}}}}}, 2, 1, false);
  EXPECT_EQ(tasks.entity, whole.entity);
  EXPECT_EQ(tasks.first_rows, whole.first_rows);
  EXPECT_EQ(tasks.rows.count, 0);
  const auto rows = make_rows(data, {{tasks.entity[0], tasks.entity[1]}, {}, {tasks.entity[2]}});
  EXPECT_EQ(rows.tasks, 0);
  EXPECT_EQ(rows.first_rows, (std::vector<std::int64_t>{0, 2, 2, 3}));
  EXPECT_EQ(rows.rows.ids, whole.rows.ids);
  EXPECT_EQ(rows.key, whole.key);
}

// What its user says of a row stands where it would if it stood in the row: behind the user's key and the row's own.
TEST_F(BatchTest, FieldsOfUsersStandAmongThoseOfTheirRows) {
  options.task = TaskSide::kScenario;
  options.scenario = "page";
  options.time = "hour";
  folder.write("rows.csv",
               "page,user,item,rating,hour,place\na,u1,i1,4,1,p\na,u2,i2,2,2,q\nb,u2,i1,5,3,p\nb,u1,i2,1,4,q\n");
  options.interactions.categorical = {"place"};
  options.interactions.dense = {"hour"};
  options.users.files = {folder.write("users.csv", "user,town,likes,age\nu2,x,l|m,20\nu1,y,m,10\n").string()};
  options.users.key = "user";
  options.users.categorical = {"town"};
  options.users.multi = {"likes"};
  options.users.dense = {"age"};
  options.items.files = {};
  options.items.multi = {};
  const auto data = dataset();
  const auto batch = make_batch(data, {{0, {{0}, {1}, {{0, 1}}}}});
  // Ids: item in 0..2, user in 3..5, place in 6..8, town in 9..11, likes in 12..14.
  EXPECT_EQ(batch.rows.ids, (std::vector<std::int64_t>{1, 4, 7, 11, 14,      //
                                                       2, 5, 8, 10, 13, 14,  //
                                                       1, 5, 8, 10, 13, 14}));
  EXPECT_EQ(batch.rows.offsets, (std::vector<std::int64_t>{0, 5, 11}));
  EXPECT_FLOAT_EQ(batch.rows.weights[9], 1.0f / std::sqrt(2.0f));
  ASSERT_EQ(batch.rows.dense.size(), 6u);  // hour and age
  EXPECT_FLOAT_EQ(batch.rows.dense[1], -1.0f);
  EXPECT_FLOAT_EQ(batch.rows.dense[3], 1.0f);
  EXPECT_FLOAT_EQ(batch.rows.dense[5], 1.0f);  // a drawn negative's user is the one of the row that it is beside
  // Whoever is about the same item, or is the same user's, is of one group.
  EXPECT_EQ(batch.by_entity.group, (std::vector<std::int64_t>{0, 1, 0}));
  EXPECT_EQ(batch.by_entity.row, (std::vector<std::int64_t>{0, 1}));
  EXPECT_EQ(batch.by_user.group, (std::vector<std::int64_t>{0, 1, 1}));
  const auto two = make_batch(data, {{{0, {{0}, {1}, {{0, 1}}}}}, {{1, {{1}, {0}}}}}, 1, 2);
  EXPECT_EQ(two.by_user.group, (std::vector<std::int64_t>{0, 1, 1, 2, 3}));
  EXPECT_EQ(two.by_user.row, (std::vector<std::int64_t>{0, 1, 3, 4}));
  EXPECT_EQ(two.by_user.firsts, (std::vector<std::int64_t>{0, 2, 4}));
  // Ids of item and user; hour and age.
  const auto layout = feature_layout(data.schema());
  using enum FieldOf;
  EXPECT_EQ(layout.row_ids_of, (std::vector<FieldOf>{kEntity, kUser, kRow, kUser, kUser}));
  EXPECT_EQ(layout.row_dense_of, (std::vector<FieldOf>{kRow, kUser}));
}

TEST_F(BatchTest, UnseenRowsStandBehindTheQueryWithLabelZero) {
  const auto batch = make_batch(dataset(), {{0, {{0}, {1}, {{2, 0}}}}, {1, {{0}, {1}, {{2, 1}, {0, 1}}}}});
  EXPECT_EQ(batch.query.width, 3);
  EXPECT_EQ(batch.query.mask, (std::vector<float>{1, 1, 0, 1, 1, 1}));
  EXPECT_EQ(batch.query.label, (std::vector<float>{2, 0, 0, 2, 0, 0}));
  const auto entity = [&](std::size_t row) { return batch.entity[static_cast<std::size_t>(batch.query.place[row])]; };
  EXPECT_EQ(entity(1), 2);
  EXPECT_EQ(entity(4), 2);
  EXPECT_EQ(entity(5), 0);
  EXPECT_EQ(batch.rows.count, 3);  // what two tasks look at stands once
}

TEST_F(BatchTest, AnUnseenRowHasTheFieldsOfTheRowThatItIsBeside) {
  options.interactions.dense = {"hour"};
  const auto data = dataset();
  const auto batch = make_batch(data, {{1, {{}, {0, 1}, {{2, 1}}}}});
  ASSERT_EQ(batch.rows.count, 3);
  EXPECT_EQ(batch.entity[2], 2);
  EXPECT_EQ(batch.rows.dense[2], batch.rows.dense[1]);
  EXPECT_NE(batch.rows.dense[2], batch.rows.dense[0]);
}

}  // namespace
}  // namespace warmstart
