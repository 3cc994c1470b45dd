#include "data/ingest.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <tuple>

#include "base/errors.h"
#include "base/files.h"
#include "base/hdf5.h"
#include "base/options.h"
#include "data/dataset.h"
#include "tests/support/temporary_folder.h"

namespace warmstart {
namespace {

constexpr const char* kRows =
    "user,item,rating,time,place\n"
    "u1,i1,4,30,home\n"
    "u1,i2,2,10,work\n"
    "u1,i1,5,40,home\n"  // again: the later one counts
    "u1,i3,3,20,home\n"
    "u2,i1,1,5,home\n"
    "u2,i2,2,6,work\n";

class IngestTest : public testing::Test {
 protected:
  IngestTest() {
    options.dataset = folder.path() / "dataset";
    options.interactions.files = {folder.write("rows.csv", kRows).string()};
    options.interactions.categorical = {"place"};
    options.user = "user";
    options.item = "item";
    options.label = "rating";
    options.time = "time";
    options.items.files = {folder.write("items.csv", "item,tags,price\ni1,a|b,10\ni2,b,20\ni3,,\ni4,c,99\n").string()};
    options.items.key = "item";
    options.items.multi = {"tags"};
    options.items.dense = {"price"};
    options.users.files = {folder.write("users.csv", "user,town\nu1,x\nu2,y\n").string()};
    options.users.key = "user";
    options.users.categorical = {"town"};
    options.min_rows = 2;
    options.shards = 2;
    options.validation = options.test = "0";
  }

  Dataset dataset() {
    ingest(options);
    return {options.dataset, true};
  }

  TemporaryFolder folder;
  IngestOptions options;
};

std::int64_t task_of(const Dataset& dataset, const std::string& key) {
  for (std::int64_t task = 0; task < dataset.tasks(); ++task) {
    if (dataset.task(task).key() == key) return task;
  }
  return -1;
}

TEST_F(IngestTest, OrdersRowsByTimeAndKeepsTheLatestOfDuplicates) {
  const auto data = dataset();
  const auto rows = data.task(task_of(data, "u1")).rows;
  EXPECT_EQ(std::vector<double>(rows.time.begin(), rows.time.end()), (std::vector<double>{10, 20, 40}));
  EXPECT_EQ(std::vector<float>(rows.label.begin(), rows.label.end()), (std::vector<float>{2, 3, 5}));
  EXPECT_EQ(data.entity_key(rows.entity[2]), "i1");
  EXPECT_EQ(data.manifest()["left_out"]["duplicate (task, entity) pair (the latest is kept)"]["rows"], 1);
}

TEST_F(IngestTest, EncodesWithVocabulariesOfTheTrainingData) {
  options.test = folder.write("test.txt", "u2\n").string();
  const auto data = dataset();
  const auto& fields = data.schema().fields;
  ASSERT_EQ(fields.size(), 5u);  // item, tags, price, place, town
  EXPECT_EQ(data.vocabulary(fields[0]), (std::vector<std::string>{"i1", "i2", "i3"}));
  EXPECT_EQ(data.vocabulary(fields[1]), (std::vector<std::string>{"a", "b"}));  // i4 is not trained on
  EXPECT_EQ(data.vocabulary(fields[4]), (std::vector<std::string>{"x"}));       // u2 is not trained on
  EXPECT_DOUBLE_EQ(fields[2].mean, 15.0);
  EXPECT_DOUBLE_EQ(fields[2].deviation, 5.0);
  EXPECT_FLOAT_EQ(data.entity_fields()[2].dense(0), -1.0f);
  EXPECT_FLOAT_EQ(data.entity_fields()[2].dense(2), 0.0f);  // missing: the mean
  const auto unknown = data.task(task_of(data, "u2"));
  EXPECT_EQ(unknown.shard->task_fields()[0].ids(unknown.index)[0], 0u);
  EXPECT_EQ(data.split(task_of(data, "u2")), Split::kTest);
}

TEST_F(IngestTest, LeavesRareKeysUnknown) {
  options.min_counts = {"tags:2"};
  const auto data = dataset();
  EXPECT_EQ(data.vocabulary(data.schema().fields[1]), (std::vector<std::string>{"b"}));
}

TEST_F(IngestTest, ItemsCanBeTheTasks) {
  options.task = TaskSide::kItem;
  const auto data = dataset();
  EXPECT_EQ(data.tasks(), 2);  // i3 has one row, i4 none
  EXPECT_EQ(data.schema().entity, "user");
  EXPECT_EQ(data.task(task_of(data, "i1")).rows.label.size(), 2u);
  EXPECT_EQ(data.manifest()["left_out"]["task under min-rows"]["rows"], 1);
}

TEST_F(IngestTest, ScenariosCanBeTheTasks) {
  options.task = TaskSide::kScenario;
  options.scenario = "place";
  options.interactions.categorical = {};
  options.scenarios.files = {folder.write("places.csv", "place,kind\nhome,private\nwork,public\n").string()};
  options.scenarios.key = "place";
  options.scenarios.categorical = {"kind"};
  const auto data = dataset();
  EXPECT_EQ(data.schema().task, "scenario");
  EXPECT_EQ(data.schema().entity, "item");
  const auto row_fields = data.schema().fields_of(FieldOwner::kRow);
  ASSERT_EQ(row_fields.size(), 2u);
  EXPECT_EQ(row_fields[0]->name, "user");
  EXPECT_EQ(row_fields[1]->name, "town");
  EXPECT_EQ(data.schema().fields_of(FieldOwner::kTask).front()->name, "kind");
  // u1's two rows of i1 at home are one, u2's is another.
  const auto home = data.task(task_of(data, "home"));
  EXPECT_EQ(std::vector<double>(home.rows.time.begin(), home.rows.time.end()), (std::vector<double>{5, 20, 40}));
  const auto value = [&](std::size_t field, std::size_t row) {
    return data.vocabulary(*row_fields[field])[home.shard->row_fields()[field].ids(home.rows.first + row)[0] - 1];
  };
  EXPECT_EQ(value(0, 0), "u2");
  EXPECT_EQ(value(1, 0), "y");
  EXPECT_EQ(value(0, 2), "u1");
  EXPECT_EQ(value(1, 2), "x");
}

class UsersOfScenariosTest : public IngestTest {
 protected:
  UsersOfScenariosTest() {
    options.task = TaskSide::kScenario;
    options.scenario = "place";
    options.interactions.categorical = {};
    // Nobody has rows of u3.
    folder.write("users.csv", "user,town,age\nu2,y,20\nu1,x,10\nu3,z,99\n");
    options.users.dense = {"age"};
  }
  std::vector<std::string> arrays_of_shard() const { return Hdf5Mapping(options.dataset / "shard-00000.h5").names(); }
};

TEST_F(UsersOfScenariosTest, StandOnceInAFileOfTheirOwn) {
  options.shards = 1;
  const auto data = dataset();
  EXPECT_EQ(data.manifest()["version"], 3);
  EXPECT_EQ(data.manifest()["users"], (nlohmann::json{{"count", 3}, {"fields", {"user", "town", "age"}}}));
  ASSERT_EQ(data.users().count, 3u);
  for (std::size_t user = 0; user < 3; ++user)
    EXPECT_EQ(data.user_key(user), (std::vector<std::string>{"u2", "u1", "u3"})[user]);
  const auto of_users = data.users_training_rows();
  EXPECT_EQ(std::vector<std::int64_t>(of_users.begin(), of_users.end()), (std::vector<std::int64_t>{2, 3, 0}));
  const auto arrays = arrays_of_shard();
  EXPECT_EQ(std::count(arrays.begin(), arrays.end(), "rows/user"), 1);
  for (const auto& name : arrays) EXPECT_EQ(name.find("rows/field"), std::string::npos) << name;
  const auto view = data.task(task_of(data, "home"));
  EXPECT_EQ(std::vector<std::uint32_t>(view.shard->users().begin(), view.shard->users().end()),
            (std::vector<std::uint32_t>{0, 1, 1, 0, 1}));
}

// Once a row, not once a user.
TEST_F(UsersOfScenariosTest, AreCountedByTheirTrainingRows) {
  const auto data = dataset();
  const auto& fields = data.schema().fields;
  ASSERT_EQ(fields.size(), 6u);  // item, tags, price, user, town, age
  EXPECT_EQ(data.vocabulary(fields[4]), (std::vector<std::string>{"x", "y"}));
  EXPECT_EQ(data.vocabulary_counts(fields[4]), (std::vector<std::int64_t>{3, 2}));
  EXPECT_EQ(data.vocabulary_counts(fields[3]), (std::vector<std::int64_t>{3, 2}));
  EXPECT_DOUBLE_EQ(fields[5].mean, 14.0);
  EXPECT_DOUBLE_EQ(fields[5].deviation, std::sqrt(24.0));
}

TEST_F(UsersOfScenariosTest, ThatHaveNoIdAreStillToldApart) {
  options.min_count = 4;
  options.min_counts = {"town:1"};
  const auto data = dataset();
  const auto view = data.task(task_of(data, "work"));
  const auto &key = view.shard->row_fields()[0], &town = view.shard->row_fields()[1];
  const auto first = view.rows.first;
  EXPECT_EQ(key.ids(first)[0], 0u);
  EXPECT_EQ(key.ids(first + 1)[0], 0u);
  EXPECT_EQ(town.ids(first)[0], 2u);      // u2's, y
  EXPECT_EQ(town.ids(first + 1)[0], 1u);  // u1's, x
  EXPECT_EQ(data.user_key(view.shard->users()[first]), "u2");
}

TEST_F(UsersOfScenariosTest, AreTheOnlyReasonForANewerVersion) {
  options.task = TaskSide::kUser;
  const auto data = dataset();
  EXPECT_EQ(data.manifest()["version"], 2);
  EXPECT_FALSE(data.manifest().contains("users"));
  EXPECT_FALSE(std::filesystem::exists(options.dataset / "users.h5"));
  for (const auto& name : arrays_of_shard()) EXPECT_NE(name, "rows/user");
}

// A user whose every row is bad has none in the data set either.
TEST_F(UsersOfScenariosTest, AreThoseOfGoodRows) {
  options.users.join = Join::kLeft;
  options.on_error = OnError::kSkip;
  options.calendar.files = {folder.write("days.csv", "day\n1970-01-01\n").string()};
  options.calendar.key = "day";
  folder.write("rows.csv", std::string(kRows) + "u8,i1,3,99000000,home\nu9,i1,3,50,home\n");
  const auto data = dataset();
  ASSERT_EQ(data.users().count, 4u);
  EXPECT_EQ(data.user_key(3), "u9");
  EXPECT_EQ(data.manifest()["without_table_row"]["user"], (nlohmann::json{{"rows", 1}, {"keys", 1}}));
}

TEST_F(IngestTest, RowsOfScenariosWantAUserThatIsKnown) {
  options.task = TaskSide::kScenario;
  options.scenario = "place";
  options.interactions.categorical = {};
  options.on_error = OnError::kSkip;
  folder.write("rows.csv", std::string(kRows) + ",i1,3,50,home\nu9,i1,3,51,home\nu9,i2,3,52,home\n");
  const auto strict = dataset();
  EXPECT_EQ(strict.manifest()["left_out"]["missing value"]["rows"], 1);
  EXPECT_EQ(strict.manifest()["left_out"]["user that the user table lacks"]["rows"], 2);
  options.users.join = Join::kLeft;
  options.dataset = folder.path() / "left";
  const auto left = dataset();
  EXPECT_EQ(left.manifest()["without_table_row"]["user"], (nlohmann::json{{"rows", 2}, {"keys", 1}}));
  const auto home = left.task(task_of(left, "home"));
  EXPECT_EQ(home.shard->row_fields()[1].ids(home.rows.first + 3)[0], 0u);  // the town
  EXPECT_NE(home.shard->row_fields()[0].ids(home.rows.first + 3)[0], 0u);  // the key
}

TEST_F(IngestTest, TheOrderOfTheRowsDoesNotMatter) {
  const auto first = dataset().manifest();
  options.dataset = folder.path() / "again";
  folder.write("rows.csv",
               "user,item,rating,time,place\nu2,i2,2,6,work\nu1,i3,3,20,home\nu1,i1,5,40,home\nu2,i1,1,5,home\nu1,i2,2,"
               "10,work\nu1,i1,4,30,home\n");
  EXPECT_EQ(dataset().manifest(), first);
}

TEST_F(IngestTest, CountsBadRowsByReasonWhenAskedToSkip) {
  options.on_error = OnError::kSkip;
  options.label_max = 5;
  folder.write("rows.csv", std::string(kRows) +
                               "u1,i4,9,50,home\nu1,i4,good,50,home\n,i4,3,50,home\nu3,i4,3,50,home\nu1,i9,3,50,"
                               "home\nu1,i4\nu1,i4,3,noon,home\n");
  const auto data = dataset();
  const auto left_out = data.manifest()["left_out"];
  for (const auto* reason : {"label out of range", "missing value", "user that the user table lacks",
                             "item that the item table lacks", "too few fields"}) {
    EXPECT_EQ(left_out[reason]["rows"], 1) << reason;
  }
  EXPECT_EQ(left_out["wrong type"]["rows"], 2);
  EXPECT_EQ(data.manifest()["rows"], 5);
}

TEST_F(IngestTest, FailsAtTheFirstBadRowAndLeavesNothing) {
  folder.write("rows.csv", std::string(kRows) + "u1,i4,good,50,home\n");
  try {
    ingest(options);
    FAIL() << "no error";
  } catch (const DataError& error) {
    EXPECT_NE(std::string(error.what()).find("rows.csv:8: column 'rating': 'good' is not a number"), std::string::npos)
        << error.what();
  }
  EXPECT_FALSE(std::filesystem::exists(options.dataset));
  EXPECT_FALSE(std::filesystem::exists(options.dataset.string() + ".tmp"));
}

TEST_F(IngestTest, WithoutALabelEveryRowIsAPositive) {
  options.label = "";
  folder.write("rows.csv", "user,item,time,place\nu1,i1,30,home\nu1,i2,10,work\nu2,i1,5,home\nu2,i3,6,work\n");
  const auto data = dataset();
  EXPECT_EQ(data.schema().label, "");
  EXPECT_EQ(data.schema().label_min, 0.0);
  EXPECT_EQ(data.schema().label_max, 1.0);
  EXPECT_EQ(data.label_mean(), 1.0);
  const auto rows = data.task(task_of(data, "u1")).rows;
  EXPECT_EQ(std::vector<float>(rows.label.begin(), rows.label.end()), (std::vector<float>{1, 1}));
  EXPECT_EQ(std::vector<double>(rows.time.begin(), rows.time.end()), (std::vector<double>{10, 30}));
}

std::vector<float> labels_of(const Dataset& dataset, const std::string& task) {
  const auto rows = dataset.task(task_of(dataset, task)).rows;
  return {rows.label.begin(), rows.label.end()};
}

// u1 has i1 three times: at times 1, 3 and 2.
constexpr const char* kPurchases =
    "user,item,rating,time,place\nu1,i1,3,1,home\nu1,i1,-1,3,work\nu1,i1,12,2,home\nu1,i2,5,4,home\n"
    "u2,i1,2,1,home\nu2,i3,7,2,home\n";

TEST_F(IngestTest, MakesOneRowOfSeveralWithOneEntityAsAskedFor) {
  folder.write("rows.csv", kPurchases);
  const std::tuple<Duplicates, std::vector<float>, double> cases[] = {{Duplicates::kLatest, {-1, 5}, -1},
                                                                      {Duplicates::kSum, {14, 5}, 2},
                                                                      {Duplicates::kCount, {3, 1}, 1},
                                                                      {Duplicates::kMean, {14.0f / 3, 5}, 2},
                                                                      {Duplicates::kAll, {3, 12, -1, 5}, -1}};
  for (const auto& [duplicates, labels, least] : cases) {
    options.duplicates = duplicates;
    options.dataset = folder.path() / to_text(duplicates);
    const auto data = dataset();
    EXPECT_EQ(labels_of(data, "u1"), labels) << to_text(duplicates);
    EXPECT_EQ(data.schema().label_min, least) << to_text(duplicates);
    const auto rows = data.task(task_of(data, "u1")).rows;
    EXPECT_EQ(rows.time[rows.time.size() - 2], 3) << "the latest row's time";
    const auto& place = data.task(task_of(data, "u1")).shard->row_fields()[0];
    EXPECT_EQ(data.vocabulary(data.schema().fields[3])[place.ids(rows.first + rows.time.size() - 2)[0] - 1], "work");
    const auto left_out = data.manifest()["rows_read"].get<int>() - data.manifest()["rows"].get<int>();
    EXPECT_EQ(left_out, duplicates == Duplicates::kAll ? 0 : 2);
  }
}

TEST_F(IngestTest, TransformsWhatDuplicatesLeaveAndJudgesWhatTheTableHolds) {
  options.duplicates = Duplicates::kSum;
  options.transform = {.kind = LabelTransform::Kind::kLog1p};
  options.on_error = OnError::kSkip;
  options.label_max = 10;  // leaves out the row of 12, and says nothing of sums
  folder.write("rows.csv", kPurchases);
  const auto data = dataset();
  EXPECT_EQ(labels_of(data, "u1"), (std::vector<float>{std::log1p(2.0f), std::log1p(5.0f)}));
  EXPECT_EQ(data.manifest()["left_out"]["label out of range"]["rows"], 1);
  EXPECT_FLOAT_EQ(static_cast<float>(data.schema().label_max), std::log1p(7.0f));
}

TEST_F(IngestTest, CountsNeedNoLabels) {
  options.label = "";
  options.duplicates = Duplicates::kCount;
  folder.write("rows.csv", kPurchases);
  const auto data = dataset();
  EXPECT_EQ(labels_of(data, "u1"), (std::vector<float>{3, 1}));
  EXPECT_EQ(data.schema().label, "count");
  EXPECT_EQ(data.schema().label_min, 1);
  EXPECT_EQ(data.schema().label_max, 3);
}

TEST_F(IngestTest, BoundsOfLabelsAreTransformedWithThem) {
  options.label_min = 0;
  options.label_max = 5;
  const std::pair<const char*, std::vector<double>> cases[] = {
      {"none", {0, 5}}, {"log1p", {0, std::log1p(5.0)}}, {"clip:1:3", {1, 3}}, {"threshold:9", {0, 1}}};
  for (const auto& [text, range] : cases) {
    read(text, {}, options.transform);
    options.dataset = folder.path() / text;
    const auto data = dataset();
    EXPECT_EQ((std::vector<double>{data.schema().label_min, data.schema().label_max}), range) << text;
  }
}

TEST_F(IngestTest, ThresholdsAreMetByTheLabelAsItStandsInTheTable) {
  // In float32 0.7 is below 0.7.
  read("threshold:0.7", {}, options.transform);
  folder.write("rows.csv", "user,item,rating,time,place\nu1,i1,0.7,1,home\nu1,i2,0.69,2,home\n");
  EXPECT_EQ(labels_of(dataset(), "u1"), (std::vector<float>{1, 0}));
}

TEST_F(IngestTest, ReadsIsoTimes) {
  folder.write("rows.csv", "user,item,rating,time,place\nu1,i1,4,2020-01-02T00:00:00,home\nu1,i2,2,2020-01-01,work\n");
  const auto data = dataset();
  const auto rows = data.task(0).rows;
  EXPECT_DOUBLE_EQ(rows.time[0], 1577836800.0);
  EXPECT_DOUBLE_EQ(rows.time[1] - rows.time[0], 86400.0);
}

TEST_F(IngestTest, ExactSharesAreHeldOut) {
  std::string rows = "user,item,rating,time,place\n", users = "user,town\n";
  for (int user = 0; user < 100; ++user) {
    users += "v" + std::to_string(user) + ",x\n";
    for (int item = 1; item <= 2; ++item)
      rows += "v" + std::to_string(user) + ",i" + std::to_string(item) + ",3,1,home\n";
  }
  folder.write("rows.csv", rows);
  folder.write("users.csv", users);
  options.validation = "0.1";
  options.test = "0.25";
  const auto data = dataset();
  EXPECT_EQ(data.tasks_of(Split::kTest).size(), 25u);
  EXPECT_EQ(data.tasks_of(Split::kValidation).size(), 10u);
}

// A DataError or UsageError's text; empty when there was none.
std::string refusal(const IngestOptions& options) {
  try {
    ingest(options);
    return "";
  } catch (const Error& error) {
    return error.what();
  }
}

// What a row says of u1 and u2, around a time of 30; u1's label of i1 before it and after it.
constexpr const char* kRowsAroundATime =
    "user,item,rating,time,place\n"
    "u1,i1,4,10,home\n"
    "u1,i2,2,20,work\n"
    "u1,i1,5,40,home\n"
    "u1,i3,3,30,home\n"
    "u2,i1,1,5,home\n"
    "u2,i3,2,30,work\n"
    "u2,i4,1,50,work\n";

class SplitTimeTest : public IngestTest {
 protected:
  SplitTimeTest() {
    folder.write("rows.csv", kRowsAroundATime);
    options.test = folder.write("test.txt", "u2\n").string();
    options.split_time = {"30", 30.0};
  }
  std::vector<double> times(const Dataset& data, const std::string& task) {
    const auto rows = data.task(task_of(data, task)).rows;
    return {rows.time.begin(), rows.time.end()};
  }
};

TEST_F(SplitTimeTest, TrainingTasksHaveNoRowFromThenOnAndOthersAllOfTheirs) {
  const auto data = dataset();
  EXPECT_EQ(times(data, "u1"), (std::vector<double>{10, 20}));
  EXPECT_EQ(times(data, "u2"), (std::vector<double>{5, 30, 50}));
  EXPECT_EQ(data.split_time(), 30.0);
  EXPECT_EQ(data.manifest()["left_out"]["row of a training task from data.split-time on"]["rows"], 2);
}

TEST_F(SplitTimeTest, NothingLateIsInLabelsVocabulariesOrScales) {
  options.duplicates = Duplicates::kSum;
  const auto data = dataset();
  EXPECT_EQ(data.task(task_of(data, "u1")).rows.label[0], 4.0f);  // of i1, without the later 5
  const auto& fields = data.schema().fields;
  EXPECT_EQ(data.vocabulary(fields[0]), (std::vector<std::string>{"i1", "i2"}));
  EXPECT_DOUBLE_EQ(fields[2].mean, 15.0);  // of the prices of i1 and i2
  EXPECT_DOUBLE_EQ(data.label_mean(), 3.0);
  EXPECT_FALSE(
      data.manifest()["left_out"].contains("duplicate (task, entity) pair (the latest is kept, with the sum "
                                           "of the labels)"));
}

TEST_F(SplitTimeTest, TrainingTasksWithTooFewRowsBeforeItAreLeftOut) {
  folder.write("users.csv", "user,town\nu1,x\nu2,y\nu3,x\nu4,x\n");
  folder.write("rows.csv", std::string(kRowsAroundATime) + "u3,i1,1,29,home\nu3,i2,1,31,home\nu4,i1,1,30,home\n" +
                               "u4,i2,1,31,home\n");
  const auto data = dataset();
  EXPECT_EQ(data.tasks(), 2);
  EXPECT_EQ(data.manifest()["left_out"]["task under min-rows"]["rows"], 1);
  EXPECT_EQ(data.manifest()["left_out"]["row of a training task from data.split-time on"]["rows"], 5);
}

TEST_F(SplitTimeTest, IsReadAsTimesOfRowsAre) {
  folder.write("rows.csv",
               "user,item,rating,time,place\n"
               "u1,i1,4,2024-05-30,home\nu1,i2,4,2024-05-31T23:59:59,home\nu1,i3,4,2024-06-01,home\n"
               "u2,i1,4,2024-05-30,home\nu2,i2,4,2024-06-02,home\n");
  Options list;
  declare(list, options);
  list.parse({"--set", "data.split-time=2024-06-01"}, {});
  const auto data = dataset();
  EXPECT_EQ(data.split_time(), 1717200000.0);
  EXPECT_EQ(times(data, "u1"), (std::vector<double>{1717027200, 1717199999}));
  EXPECT_NE(list.resolved().find("split-time = 2024-06-01"), std::string::npos);
}

TEST_F(SplitTimeTest, RefusesATimeThatLeavesNoRowOnOneSide) {
  options.split_time = {"5", 5.0};
  EXPECT_NE(refusal(options).find("data.split-time = 5 (5) leaves no row before it: column 'time' goes from 5 to 50"),
            std::string::npos)
      << refusal(options);
  options.split_time = {"50.5", 50.5};
  EXPECT_NE(refusal(options).find("leaves no row from it on: column 'time' goes from 5 to 50"), std::string::npos)
      << refusal(options);
  options.split_time = {"50", 50.0};
  EXPECT_EQ(refusal(options), "");
  options.dataset = folder.path() / "other";
  options.split_time = {"10", 10.0};
  EXPECT_NE(refusal(options).find("no training task is left after cleaning and splitting; set a later data.split-time"),
            std::string::npos)
      << refusal(options);
  options.time.clear();
  EXPECT_NE(refusal(options).find("data.split-time = 10 is of the rows' times, and interactions.time names no column"),
            std::string::npos)
      << refusal(options);
  options.time = "time";
  options.on_error = OnError::kSkip;
  folder.write("rows.csv", "user,item,rating,time,place\nu9,i1,1,5,home\n");
  EXPECT_NE(refusal(options).find("no task is left"), std::string::npos) << refusal(options);
}

TEST_F(IngestTest, RefusesNumbersThatCannotBeLearnedFrom) {
  for (const auto* number : {"1e39", "1e30", "-1e30", "1e19"}) {
    folder.write("rows.csv", std::string(kRows) + "u1,i4," + number + ",50,home\n");
    EXPECT_NE(refusal(options).find(std::string("rows.csv:8: column 'rating': ") + number + " is beyond 1e+18"),
              std::string::npos)
        << refusal(options);
    folder.write("rows.csv", kRows);
    folder.write("items.csv", std::string("item,tags,price\ni1,a|b,10\ni2,b,20\ni3,,\ni4,c,") + number + "\n");
    EXPECT_NE(refusal(options).find(std::string("items.csv:5: column 'price': ") + number + " is beyond 1e+18"),
              std::string::npos)
        << refusal(options);
    folder.write("items.csv", "item,tags,price\ni1,a|b,10\ni2,b,20\ni3,,\ni4,c,99\n");
  }
}

TEST_F(IngestTest, CountsSuchNumbersWhenAskedToSkipAndTheDataSetCanBeRead) {
  options.on_error = OnError::kSkip;
  folder.write("rows.csv", std::string(kRows) + "u1,i4,1e39,50,home\n");
  const auto data = dataset();
  EXPECT_EQ(data.manifest()["left_out"]["number too large"]["rows"], 1);
  EXPECT_EQ(data.label_mean(), 13.0 / 5);
}

TEST_F(IngestTest, RefusesLabelsThatTheirTransformHasNoNumberFor) {
  options.transform = {.kind = LabelTransform::Kind::kLog1p};
  folder.write("rows.csv", std::string(kRows) + "u1,i4,-1,50,home\n");
  EXPECT_NE(refusal(options).find("user 'u1', item 'i4': its label is -1, and interactions.transform = log1p takes"),
            std::string::npos)
      << refusal(options);
  options.on_error = OnError::kSkip;
  EXPECT_EQ(dataset().manifest()["left_out"]["label that log1p has no number for"]["rows"], 1);
}

TEST_F(IngestTest, RefusesSumsThatCannotBeLearnedFrom) {
  options.duplicates = Duplicates::kSum;
  folder.write("rows.csv", std::string(kRows) + "u1,i4,9e17,50,home\nu1,i4,9e17,51,home\n");
  EXPECT_NE(refusal(options).find("user 'u1', item 'i4': interactions.duplicates = sum makes 1.8e+18 of its labels"),
            std::string::npos)
      << refusal(options);
}

TEST_F(IngestTest, CutsOffStandardisedValuesFarFromTheTrainingTasks) {
  options.test = folder.write("test.txt", "u2\n").string();
  folder.write("items.csv", "item,tags,price\ni1,a|b,10\ni2,b,20\ni3,,\ni4,c,-1e17\n");
  const auto data = dataset();
  EXPECT_EQ(data.entity_fields()[2].dense(3), -100.0f);
  EXPECT_FLOAT_EQ(data.entity_fields()[2].dense(1), 1.0f);
}

TEST_F(IngestTest, StandardisesTimesThatDifferBySeconds) {
  folder.write("items.csv", "item,tags,price\ni1,a|b,1600000001\ni2,b,1600000003\ni3,,1600000005\ni4,c,\n");
  const auto data = dataset();
  EXPECT_NEAR(data.schema().fields[2].mean, 1600000003.0, 1e-6);
  EXPECT_NEAR(data.schema().fields[2].deviation, std::sqrt(8.0 / 3.0), 1e-6);
  EXPECT_NEAR(data.entity_fields()[2].dense(0), -std::sqrt(1.5), 1e-6);
}

TEST_F(IngestTest, RefusesKeysThatWouldBlowUpTheDataSet) {
  folder.write("items.csv", "item,tags,price\ni1,a|b,10\n" + std::string(200000, 'k') + ",b,20\ni2,b,20\ni3,,\n");
  EXPECT_NE(refusal(options).find("items.csv:3: column 'item': the key 'kkkk"), std::string::npos) << refusal(options);
  EXPECT_NE(refusal(options).find("has 200000 bytes, at most 4096 are stored"), std::string::npos) << refusal(options);
  options.on_error = OnError::kSkip;
  EXPECT_EQ(dataset().manifest()["left_out"]["key too long"]["rows"], 1);
}

TEST_F(IngestTest, ALongKeyTakesNoRoomBesideShortOnes) {
  std::string items = "item,tags,price\ni1,,\ni2,,\ni3,,\n" + std::string(4000, 'k') + ",,\n";
  for (int item = 10; item < 20000; ++item) items += "i" + std::to_string(item) + ",,\n";
  folder.write("items.csv", items);
  const auto data = dataset();
  EXPECT_EQ(data.entity_key(3), std::string(4000, 'k'));
  EXPECT_EQ(data.entity_key(data.entities() - 1), "i19999");
  EXPECT_LT(std::filesystem::file_size(options.dataset / "entities.h5"), 800000u);
}

TEST_F(IngestTest, ReadsNanosecondsAndRefusesWhatIsFiner) {
  folder.write("rows.csv",
               "user,item,rating,time,place\nu1,i1,4,2020-01-01T00:00:00.123456789,home\nu1,i2,2,2020-01-01,work\n");
  const auto data = dataset();
  EXPECT_NEAR(data.task(0).rows.time[1], 1577836800.123456789, 1e-6);
  options.dataset = folder.path() / "again";
  folder.write("rows.csv", "user,item,rating,time,place\nu1,i1,4,2020-01-02T00:00:00.1234567890,home\n");
  EXPECT_NE(
      refusal(options).find("rows.csv:2: column 'time': '2020-01-02T00:00:00.1234567890' has 10 digits of a second"),
      std::string::npos)
      << refusal(options);
}

TEST_F(IngestTest, RefusesNumbersThatAreNotFinite) {
  for (const auto* number : {"nan", "inf", "-Infinity"}) {
    folder.write("rows.csv", std::string(kRows) + "u1,i4," + number + ",50,home\n");
    EXPECT_NE(refusal(options).find(std::string("rows.csv:8: column 'rating': ") + number + " is not finite"),
              std::string::npos)
        << refusal(options);
    folder.write("rows.csv", kRows);
    folder.write("items.csv", std::string("item,tags,price\ni1,a|b,10\ni2,b,20\ni3,,\ni4,c,") + number + "\n");
    EXPECT_NE(refusal(options).find(std::string("items.csv:5: column 'price': ") + number + " is not finite"),
              std::string::npos)
        << refusal(options);
    folder.write("items.csv", "item,tags,price\ni1,a|b,10\ni2,b,20\ni3,,\ni4,c,99\n");
  }
}

TEST_F(IngestTest, NullValuesAreMissingInAnyColumn) {
  options.on_error = OnError::kSkip;
  for (auto* table : {&options.interactions, &options.users, &options.items}) table->null_values = {"NA", "-1"};
  folder.write("rows.csv", std::string(kRows) + "u1,i4,NA,50,home\nNA,i4,3,50,home\nu2,i3,3,50,NA\n");
  folder.write("users.csv", "user,town\nu1,x\nu2,NA\nNA,z\n");
  folder.write("items.csv", "item,tags,price\ni1,a|b,10\ni2,NA,20\ni3,,-1\ni4,c,99\n");
  const auto data = dataset();
  EXPECT_EQ(data.manifest()["left_out"]["missing value"]["rows"], 2);
  EXPECT_EQ(data.manifest()["left_out"]["missing key"]["rows"], 1);
  EXPECT_EQ(data.vocabulary(data.schema().fields[4]), (std::vector<std::string>{"x"}));
  EXPECT_EQ(data.vocabulary(data.schema().fields[3]), (std::vector<std::string>{"home", "work"}));
  EXPECT_EQ(data.vocabulary(data.schema().fields[1]), (std::vector<std::string>{"a", "b"}));
  EXPECT_DOUBLE_EQ(data.schema().fields[2].mean, 15.0);
}

// i9 and u3 are in no table of items or users.
constexpr const char* kWithStrangers =
    "u1,i9,3,50,home\nu3,i1,4,1,home\nu3,i9,2,2,home\nu3,i2,2,3,work\nu3,i3,bad,4,home\nbad,i1,2,5,home\n";

TEST_F(IngestTest, ALeftJoinKeepsRowsOfKeysThatTheTablesLack) {
  options.on_error = OnError::kSkip;
  options.users.join = options.items.join = Join::kLeft;
  // The last row is a bad one: its user is none of an interaction.
  folder.write("rows.csv", std::string(kRows) + kWithStrangers + "u8,i1,3,1," + std::string(5000, 'k') + "\n");
  const auto data = dataset();
  ASSERT_TRUE(data.manifest()["without_table_row"].contains("item"));
  EXPECT_EQ(data.manifest()["without_table_row"]["user"], (nlohmann::json{{"rows", 4}, {"keys", 2}}));
  EXPECT_EQ(data.manifest()["without_table_row"]["item"], (nlohmann::json{{"rows", 2}, {"keys", 1}}));
  const auto stranger = data.task(task_of(data, "u3"));
  ASSERT_EQ(stranger.rows.label.size(), 3u);
  EXPECT_EQ(stranger.shard->task_fields()[0].ids(stranger.index)[0], 0u);
  const auto item = stranger.rows.entity[1];
  EXPECT_EQ(data.entity_key(item), "i9");
  EXPECT_EQ(data.vocabulary(data.schema().fields[0])[data.entity_fields()[0].ids(item)[0] - 1], "i9");
  EXPECT_TRUE(data.entity_fields()[1].ids(item).empty());
  EXPECT_EQ(data.entity_fields()[2].dense(item), 0.0f);
}

TEST_F(IngestTest, ALeftJoinIsOfTheTableThatAsksForIt) {
  options.on_error = OnError::kSkip;
  options.task = TaskSide::kItem;
  options.items.join = Join::kLeft;
  folder.write("rows.csv", std::string(kRows) + kWithStrangers + "u2,i9,1,9,work\n");
  const auto data = dataset();
  EXPECT_EQ(data.manifest()["without_table_row"], (nlohmann::json{{"item", {{"rows", 2}, {"keys", 1}}}}));
  EXPECT_EQ(data.manifest()["left_out"]["user that the user table lacks"]["rows"], 4);
  EXPECT_EQ(data.task(task_of(data, "i9")).rows.label.size(), 2u);
}

TEST_F(IngestTest, SaysWhyNothingIsLeft) {
  options.on_error = OnError::kSkip;
  folder.write("items.csv", "item,tags,price\n1.0,a,10\n2.0,b,20\n");
  const auto found = refusal(options);
  EXPECT_NE(found.find("no task is left"), std::string::npos) << found;
  EXPECT_NE(found.find("6 rows read; left out: 6 rows: item that the item table lacks"), std::string::npos) << found;
  EXPECT_NE(found.find("rows.csv:2: item 'i1' is not in the item table"), std::string::npos) << found;
}

TEST_F(IngestTest, SaysWhyNoTaskOfAListIsLeft) {
  options.on_error = OnError::kSkip;
  options.test = folder.write("test.txt", "u1\n").string();
  folder.write("items.csv", "item,tags,price\n1.0,a,10\n2.0,b,20\n");
  const auto found = refusal(options);
  EXPECT_NE(found.find("no task is left after cleaning and splitting"), std::string::npos) << found;
  EXPECT_NE(found.find("6 rows read; left out: 6 rows: item that the item table lacks"), std::string::npos) << found;
}

TEST_F(IngestTest, SaysWhyASideTableIsEmpty) {
  options.on_error = OnError::kSkip;
  folder.write("items.csv", "item,tags,price\ni1,a,cheap\ni2,b,dear\n");
  EXPECT_NE(refusal(options).find("no row is left; left out: 2 rows: wrong type"), std::string::npos)
      << refusal(options);
}

TEST_F(IngestTest, ShowsNoControlBytesAndKeepsTheManifestReadable) {
  options.on_error = OnError::kSkip;
  folder.write("rows.csv", std::string(kRows) + "u1,i4,\x1b[2J,50,home\nu1,\xe9t\xe9,3,50,home\n");
  const auto left_out = dataset().manifest()["left_out"];
  const std::string example = left_out["wrong type"]["first"][0];
  EXPECT_NE(example.find("'\\x1b[2J' is not a number"), std::string::npos) << example;
  EXPECT_EQ(left_out["not UTF-8"]["rows"], 1);
}

TEST_F(IngestTest, OptionsOutOfRangeAreRefusedByName) {
  for (const auto* setting :
       {"data.shards=0", "data.shards=1000000", "data.min-rows=1", "data.min-count=-1", "data.label-min=-2e18",
        "data.label-max=2e18", "interactions.duplicates=first", "interactions.transform=log",
        "interactions.transform=clip:5:1", "interactions.transform=clip:5", "interactions.transform=threshold:x",
        "interactions.transform=log1p:2", "data.split-time=june", "data.split-time=inf"}) {
    Options list;
    declare(list, options);
    EXPECT_THROW(list.parse({"--set", setting}, {}), UsageError) << setting;
  }
}

TEST_F(IngestTest, RefusesOptionsThatMakeNoSenseByName) {
  const auto refused = [&](const char* name, const auto& change) {
    auto changed = options;
    change(changed);
    EXPECT_NE(refusal(changed).find(name), std::string::npos) << name << ": " << refusal(changed);
  };
  // More files than any process may open.
  refused("data.shards = 100000000000", [](auto& o) { o.shards = 100'000'000'000; });
  for (const auto* entry : {"tags", "tags:", "tags:x", "tags:-1", "tags:1e30", "tags:1.5", ":", ""})
    refused("data.min-counts", [&](auto& o) { o.min_counts = {entry}; });
  refused("'colour' is no categorical or multi column", [](auto& o) { o.min_counts = {"colour:2"}; });
  refused("names a column twice", [](auto& o) { o.min_counts = {"tags:2", "tags:3"}; });
  refused("data.label-min", [](auto& o) { o.label_min = 5, o.label_max = 1; });
  refused("interactions.label names no column", [](auto& o) { o.label = "", o.label_max = 1; });
  refused("interactions.duplicates = sum is of labels", [](auto& o) { o.label = "", o.duplicates = Duplicates::kSum; });
  refused("interactions.transform = clip:0:1 is of labels",
          [](auto& o) { o.label = "", read("clip:0:1", {}, o.transform); });
  refused("users.join = left joins a table, and users.files names none",
          [](auto& o) { o.users.files.clear(), o.users.join = Join::kLeft; });
  refused("interactions.scenario must name a column", [](auto& o) { o.task = TaskSide::kScenario; });
  refused("names the same column as", [](auto& o) { o.task = TaskSide::kScenario, o.scenario = "item"; });
  refused("scenarios.files: only tasks of scenarios", [](auto& o) { o.scenarios = o.users; });
  refused("column 'user' is used twice",
          [](auto& o) { o.task = TaskSide::kScenario, o.scenario = "place", o.interactions.categorical = {"user"}; });
  refused("column 'town' is used twice",
          [](auto& o) { o.task = TaskSide::kScenario, o.scenario = "place", o.interactions.categorical = {"town"}; });
  refused("multi-separator is empty", [](auto& o) { o.items.multi_separator = ""; });
  refused("column 'tags' is used twice", [](auto& o) { o.items.categorical = {"tags"}; });
  refused("column 'item' is used twice", [](auto& o) { o.items.categorical = {"item"}; });
  refused("column 'a/b'", [](auto& o) { o.items.categorical = {"a/b"}; });
  refused("column '.'", [](auto& o) { o.items.categorical = {"."}; });
}

}  // namespace
}  // namespace warmstart
