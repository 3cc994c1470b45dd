// Data sets that grow: a version made of the last one and of new rows is what one ingest of all rows makes, with the
// ids of the last one.

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <iterator>
#include <map>
#include <sstream>
#include <string>
#include <tuple>
#include <vector>

#include "base/files.h"
#include "base/json.h"
#include "base/options.h"
#include "data/column.h"
#include "data/dataset.h"
#include "data/ingest.h"
#include "tests/app/program_fixture.h"

namespace warmstart {
namespace {

namespace fs = std::filesystem;

std::string number(int value) { return std::to_string(value); }

// Of every tenth row missing, later ones higher.
std::string price(int row) { return row % 10 == 3 ? "" : number(row % 17 + row / 60) + ".25"; }

// Rows `from` to `to`; users and items come up as they go on, and some rows are of a pair that was there before.
std::string rows(int from, int to) {
  std::string text;
  for (int i = from; i < to; ++i) {
    const int user = i % (20 + i / 12), item = i * i % (15 + i / 20);
    text += "u" + number(user) + ",i" + number(item) + "," + number(i % 5 + 1) + "," + number(1000 + i) + ",p" +
            number(i % (4 + i / 100)) + ",a" + number(i % 3) + "|b" + number(i % 5) + "," + price(i) + "\n";
  }
  return text;
}

constexpr const char* kHeader = "user,item,rating,time,page,tags,price\n";

class AppendTest : public ProgramTest {
 protected:
  AppendTest() {
    folder.write("users.csv", "user,city,age\nu1,a,20\nu2,b,\nu3,a,31\nu4,c,47\n");
    folder.write("items.csv", "item,kind,weight\ni1,x,1.5\ni2,y,2\ni4,x,-3\ni5,z,\n");
    folder.write("test.txt", "u3\nu7\nu11\nu30\n");
    folder.write("pages.txt", "p1\np5\n");
    folder.write("config.ini", R"([data]
dataset = grown
task = user
shards = 5
test = test.txt
validation = 0
[interactions]
files = first.csv
user = user
item = item
label = rating
time = time
categorical = page
multi = tags
dense = price
[users]
files = users.csv
key = user
join = left
categorical = city
dense = age
[items]
files = items.csv
key = item
join = left
categorical = kind
dense = weight
)");
    folder.write("first.csv", kHeader + rows(0, 300));
    folder.write("second.csv", kHeader + rows(300, 400));
    folder.write("third.csv", kHeader + rows(400, 480));
    folder.write("all.csv", kHeader + rows(0, 480));
  }
  std::string ingest(const std::string& arguments, int ranks = 0) {
    return expect_ok("ingest --config config.ini " + arguments, ranks);
  }
  // Both versions after the first.
  void append_twice(const std::string& arguments, int ranks = 0) {
    for (const auto* name : {"grown", "grown.v2", "grown.v3"}) fs::remove_all(folder.path() / name);
    ingest(arguments, ranks);
    ingest("--append second.csv " + arguments, ranks);
    ingest("--append third.csv " + arguments, ranks);
  }
  // The same in this process: a program takes half a second to start.
  void ingest_here(const std::string& arguments) {
    fs::current_path(folder.path());
    IngestOptions options;
    Options list;
    declare(list, options);
    std::istringstream words("--config config.ini " + arguments);
    CommandLineRules rules;
    rules.own_section = "data";
    list.parse({std::istream_iterator<std::string>(words), {}}, rules);
    warmstart::ingest(options);
  }
  Dataset open(const std::string& name) const { return {folder.path() / name, true}; }

  // What a row says, in raw keys; its label and numbers, of which NaN is a missing one.
  using Cells = std::vector<std::string>;
  struct Row {
    Cells keys;
    std::vector<double> numbers;
  };
  static void decode(const Dataset& dataset, FieldOwner owner, const std::vector<StoredColumn>& columns,
                     std::size_t index, Row& row) {
    const auto fields = dataset.schema().fields_of(owner);
    for (std::size_t i = 0; i < fields.size(); ++i) {
      if (fields[i]->kind == FieldKind::kDense) {
        row.numbers.push_back(is_missing(columns[i].dense(index))
                                  ? NAN
                                  : columns[i].dense(index) * fields[i]->deviation + fields[i]->mean);
        continue;
      }
      const auto keys = dataset.vocabulary(*fields[i]);
      for (const auto id : columns[i].ids(index)) row.keys.push_back(id == 0 ? "?" : keys[id - 1]);
    }
  }
  // By task, its rows in order, and its split first.
  static std::map<std::string, std::vector<Row>> content(const Dataset& dataset) {
    std::map<std::string, std::vector<Row>> tasks;
    for (std::int64_t task = 0; task < dataset.tasks(); ++task) {
      const auto view = dataset.task(task);
      auto& all = tasks[view.key()];
      all.push_back({{name_of(dataset.split(task))}, {}});
      decode(dataset, FieldOwner::kTask, view.shard->task_fields(), view.index, all.back());
      for (std::size_t i = 0; i < view.rows.label.size(); ++i) {
        const auto entity = view.rows.entity[i];
        Row row = {{dataset.entity_key(entity)}, {view.rows.label[i], view.rows.time[i]}};
        decode(dataset, FieldOwner::kEntity, dataset.entity_fields(), entity, row);
        decode(dataset, FieldOwner::kRow, view.shard->row_fields(), view.rows.first + i, row);
        all.push_back(row);
      }
    }
    return tasks;
  }
  static void expect_same_content(const Dataset& one, const Dataset& other) {
    const auto left = content(one), right = content(other);
    ASSERT_EQ(left.size(), right.size());
    for (const auto& [task, all] : left) {
      ASSERT_TRUE(right.contains(task)) << task;
      const auto& others = right.at(task);
      ASSERT_EQ(all.size(), others.size()) << task;
      for (std::size_t i = 0; i < all.size(); ++i) {
        EXPECT_EQ(all[i].keys, others[i].keys) << task << " " << i;
        ASSERT_EQ(all[i].numbers.size(), others[i].numbers.size());
        for (std::size_t n = 0; n < all[i].numbers.size(); ++n) {
          EXPECT_EQ(std::isnan(all[i].numbers[n]), std::isnan(others[i].numbers[n])) << task << " " << i;
          if (std::isnan(all[i].numbers[n])) continue;
          EXPECT_NEAR(all[i].numbers[n], others[i].numbers[n], 1e-4) << task << " " << i;
        }
      }
    }
  }
  // The same rows are of pages, and what is known of their users is told of each row.
  static std::string of_scenarios() {
    return "--task scenario --set interactions.scenario=page --set interactions.categorical= --test pages.txt ";
  }
  // How often each key of each field stands in training rows.
  static std::map<std::string, std::int64_t> counts(const Dataset& dataset) {
    std::map<std::string, std::int64_t> counts;
    for (const auto& field : dataset.schema().fields) {
      if (field.kind == FieldKind::kDense) continue;
      const auto keys = dataset.vocabulary(field);
      const auto of_keys = dataset.vocabulary_counts(field);
      for (std::size_t i = 0; i < keys.size(); ++i) counts[field.name + " " + keys[i]] = of_keys[i];
    }
    return counts;
  }
};

TEST_F(AppendTest, TheVersionsAreWhatOneIngestOfAllRowsMakes) {
  for (const auto& arguments : std::vector<std::string>{
           "", "--set interactions.duplicates=sum", "--set interactions.duplicates=count", "--set interactions.time=",
           "--set interactions.duplicates=sum --set interactions.transform=log1p", "--set interactions.duplicates=all",
           "--set interactions.transform=threshold:4", "--split-time 1250", of_scenarios(),
           of_scenarios() + "--set interactions.duplicates=sum", of_scenarios() + "--set interactions.time="}) {
    SCOPED_TRACE(arguments);
    for (const auto* name : {"grown", "grown.v2", "grown.v3", "whole"}) fs::remove_all(folder.path() / name);
    for (const auto* files : {"", "--append second.csv ", "--append third.csv "}) ingest_here(files + arguments);
    ingest_here("--dataset whole --set interactions.files=all.csv " + arguments);
    const auto grown = open("grown.v3"), whole = open("whole");
    expect_same_content(grown, whole);
    EXPECT_EQ(counts(grown), counts(whole));
    EXPECT_NEAR(grown.label_mean(), whole.label_mean(), 1e-9);
    EXPECT_EQ(grown.schema().label_max, whole.schema().label_max);
    EXPECT_EQ(grown.manifest()["rows_read"], 480);
    EXPECT_GE(grown.tasks(), open("grown").tasks() + (arguments.empty() ? 1 : 0));
  }
}

// What tables of users and items say of a known one later counts, too.
TEST_F(AppendTest, RenewedStatisticsAreThoseOfOneIngestOfAllRows) {
  const auto users = read_file(folder.path() / "users.csv"), items = read_file(folder.path() / "items.csv");
  for (const auto& arguments : std::vector<std::string>{
           "", of_scenarios(), "--set interactions.duplicates=sum --set interactions.transform=log1p",
           "--split-time 1250", "--set interactions.duplicates=all --min-rows 9"}) {
    SCOPED_TRACE(arguments);
    for (const auto* name : {"grown", "grown.v2", "grown.v3", "whole"}) fs::remove_all(folder.path() / name);
    folder.write("users.csv", users), folder.write("items.csv", items);
    for (const auto* files : {"", "--append second.csv "}) ingest_here(files + arguments);
    folder.write("users.csv", users + "u1,a,90\nu6,c,75\n"), folder.write("items.csv", items + "i1,z,60\ni6,x,20\n");
    // Renewed once, they make up for it that the version before did not renew them.
    ingest_here("--append third.csv --statistics renewed " + arguments);
    ingest_here("--dataset whole --set interactions.files=all.csv " + arguments);
    const auto grown = open("grown.v3"), whole = open("whole"), frozen = open("grown.v2");
    expect_same_content(grown, whole);
    EXPECT_EQ(counts(grown), counts(whole));
    EXPECT_NEAR(grown.label_mean(), whole.label_mean(), 1e-9);
    EXPECT_EQ(grown.schema().label_min, whole.schema().label_min);
    EXPECT_EQ(grown.schema().label_max, whole.schema().label_max);
    int numbers = 0;
    for (std::size_t i = 0; i < whole.schema().fields.size(); ++i) {
      const auto &is = grown.schema().fields[i], &should_be = whole.schema().fields[i],
                 &was = frozen.schema().fields[i];
      if (is.kind != FieldKind::kDense) continue;
      EXPECT_NEAR(is.mean, should_be.mean, 1e-6 * should_be.deviation) << is.name;
      EXPECT_NEAR(is.deviation, should_be.deviation, 1e-6 * should_be.deviation) << is.name;
      numbers += is.mean != was.mean;
    }
    EXPECT_EQ(numbers, 3);
    EXPECT_EQ(grown.manifest()["statistics"], "renewed");
  }
}

// A label that a later row has replaced leads the range no further.
TEST_F(AppendTest, RenewedStatisticsForgetLabelsThatAreNoMore) {
  ingest("");
  folder.write("high.csv", std::string(kHeader) + "u5,i5,9,5000,p1,a1,1\n");
  folder.write("low.csv", std::string(kHeader) + "u5,i5,2,6000,p1,a1,1\n");
  ingest("--append high.csv");
  ingest("--append low.csv");
  EXPECT_EQ(open("grown.v3").schema().label_max, 9.0);
  fs::remove_all(folder.path() / "grown.v3");
  ingest("--append low.csv --statistics renewed");
  EXPECT_EQ(open("grown.v3").schema().label_max, 5.0);
}

TEST_F(AppendTest, AModelOfOtherStatisticsIsRefused) {
  folder.write("validation.txt", "u2\nu5\nu8\n");
  ingest("--validation validation.txt");
  ingest("--append second.csv --statistics renewed --validation validation.txt");
  const std::string small = " --config config.ini --set evaluate.query=2 --set evaluate.support=0,1,2 ";
  const std::string train = "train --steps 3 --tasks 8" + small;
  expect_ok(train + "--run run");
  const std::string refusal = "run: the model does not fit the data set: the statistics of field ";
  expect_failure("evaluate --set train.run=run --set data.dataset=grown.v2" + small, 3, refusal);
  expect_failure("predict --run run --task u1 --set data.dataset=grown.v2" + small, 3, refusal);
  expect_failure("export --run run --to models --set data.dataset=grown.v2" + small, 3, refusal);
  expect_failure(train + "--run next --set data.dataset=grown.v2 --start-from run", 3, refusal, 2);
  EXPECT_FALSE(objects_of(expect_ok("inspect grown grown.v2 --json")).at(0)["models_fit"].get<bool>());
}

TEST_F(AppendTest, OldIdsStayAndNewOnesFollow) {
  append_twice("");
  const auto first = open("grown"), third = open("grown.v3");
  for (std::int64_t entity = 0; entity < first.entities(); ++entity)
    EXPECT_EQ(third.entity_key(entity), first.entity_key(entity));
  for (std::size_t i = 0; i < first.schema().fields.size(); ++i) {
    const auto &was = first.schema().fields[i], &is = third.schema().fields[i];
    if (was.kind == FieldKind::kDense) {
      EXPECT_EQ(was.mean, is.mean);
      continue;
    }
    auto keys = third.vocabulary(is);
    if (was.name == "item") {
      EXPECT_GT(is.vocabulary_size, was.vocabulary_size);
    }
    keys.resize(static_cast<std::size_t>(was.vocabulary_size));
    EXPECT_EQ(keys, first.vocabulary(was)) << was.name;
    EXPECT_EQ(is.earlier.size(), 2u);
  }
  EXPECT_EQ(difference(first.schema(), third.schema()), "");
  EXPECT_NE(difference(third.schema(), first.schema()), "");
}

TEST_F(AppendTest, TheBytesDoNotDependOnTheNumberOfRanks) {
  const auto files = [&](const std::string& name) {
    std::map<std::string, std::string> read;
    for (const auto& entry : fs::directory_iterator(folder.path() / name))
      read[entry.path().filename()] = read_file(entry.path());
    return read;
  };
  for (const auto& arguments : {std::string(), std::string("--statistics renewed"), of_scenarios()}) {
    append_twice(arguments);
    const auto alone = files("grown.v3");
    for (const int ranks : arguments == of_scenarios() ? std::vector{3} : std::vector{1, 2, 4}) {
      append_twice(arguments, ranks);
      EXPECT_TRUE(files("grown.v3") == alone) << ranks << arguments;
    }
  }
}

TEST_F(AppendTest, ShardsWithoutNewRowsAreTheSameFiles) {
  ingest("");
  folder.write("one.csv", std::string(kHeader) + "u5,i900,3,5000,p1,a1,1\n");
  const auto output = ingest("--append one.csv");
  EXPECT_NE(output.find("grown.v2: "), std::string::npos) << output;
  int linked = 0;
  for (int shard = 0; shard < 5; ++shard)
    linked += fs::hard_link_count(folder.path() / ("grown.v2/shard-0000" + number(shard) + ".h5")) == 2;
  EXPECT_EQ(linked, 4);
  expect_ok("inspect grown.v2 --verify");
}

TEST_F(AppendTest, UsersOfScenariosKeepTheirRowsAndNewOnesFollow) {
  append_twice(of_scenarios());
  const auto first = open("grown"), third = open("grown.v3");
  ASSERT_GT(third.users().count, first.users().count);
  for (std::size_t user = 0; user < first.users().count; ++user) EXPECT_EQ(third.user_key(user), first.user_key(user));
  EXPECT_EQ(difference(first.schema(), third.schema()), "");
  const auto compared = objects_of(expect_ok("inspect grown grown.v3 --json")).at(0);
  EXPECT_EQ(compared["users"], (nlohmann::json{first.users().count, third.users().count}));
  EXPECT_TRUE(compared["models_fit"].get<bool>());
  EXPECT_GT(compared["new_keys"]["user"], 0);
}

// Of users how many rows each has is stored, of keys without an id else not.
TEST_F(AppendTest, UsersOfScenariosThatHadTooFewRowsAreCountedOn) {
  append_twice(of_scenarios() + "--min-count 9");
  ingest("--dataset whole --set interactions.files=all.csv --min-count 9 " + of_scenarios());
  const auto grown = open("grown.v3"), whole = open("whole");
  const auto counts_of = [](const Dataset& dataset, const std::string& field) {
    auto all = counts(dataset);
    std::erase_if(all, [&](const auto& entry) { return !entry.first.starts_with(field + " "); });
    return all;
  };
  EXPECT_GT(counts_of(grown, "user").size(), counts_of(open("grown"), "user").size());
  for (const auto* field : {"user", "city"}) EXPECT_EQ(counts_of(grown, field), counts_of(whole, field)) << field;
}

// What a table has come to know of a user it says of old rows, too, in shards that are the same files.
TEST_F(AppendTest, WhatIsKnownOfAUserIsKnownOfAllOfItsRows) {
  ingest(of_scenarios() + "--min-rows 2");
  folder.write("users.csv", "user,city,age\nu2,c,60\nu900,a,1\n");
  folder.write("one.csv", std::string(kHeader) + "u900,i1,3,5000,p2,a1,1\nu3,i900,3,5001,p2,a1,1\n");
  ingest(of_scenarios() + "--min-rows 2 --append one.csv");
  int linked = 0;
  for (int shard = 0; shard < 5; ++shard)
    linked += fs::hard_link_count(folder.path() / ("grown.v2/shard-0000" + number(shard) + ".h5")) == 2;
  EXPECT_EQ(linked, 4);
  const auto was = content(open("grown")), is = content(open("grown.v2"));
  const auto rows_of = [](const auto& tasks, const std::string& user, const std::string& city) {
    int rows = 0;
    for (const auto& [task, all] : tasks)
      for (const auto& row : all)
        rows +=
            std::count(row.keys.begin(), row.keys.end(), user) && std::count(row.keys.begin(), row.keys.end(), city);
    return rows;
  };
  EXPECT_GT(rows_of(was, "u2", "b"), 1);
  EXPECT_EQ(rows_of(is, "u2", "b"), 0);
  EXPECT_EQ(rows_of(is, "u2", "c"), rows_of(was, "u2", "b"));
  EXPECT_EQ(rows_of(is, "u3", "a"), rows_of(was, "u3", "a") + 1);  // known from the version before alone
  EXPECT_EQ(rows_of(is, "u900", "a"), 1);
}

// Who the users without an id were is not stored there.
TEST_F(AppendTest, RowsThatHoldWhatIsKnownOfTheirUsersCannotBeAppendedTo) {
  fs::copy(fs::path(WARMSTART_FORMATS) / "dataset-2", folder.path() / "grown");
  expect_failure("ingest --config config.ini --append second.csv " + of_scenarios(), 2,
                 "grown is of an earlier release, where each row held its user's fields; ingest all tables again");
}

TEST_F(AppendTest, AFieldOfUsersDoesNotBecomeOneOfRows) {
  const std::string arguments =
      "--task scenario --set interactions.scenario=page --test pages.txt --set interactions.multi= "
      "--set interactions.dense= --set users.dense= ";
  ingest(arguments + "--set interactions.categorical= ");
  folder.write("more.csv", "user,item,rating,time,page,city\nu1,i1,1,9000,p1,a\n");
  expect_failure("ingest --config config.ini --append more.csv " + arguments +
                     "--set users.categorical= --set interactions.categorical=city",
                 3, "its field 'city' is the users', and the configuration has it in another table");
}

// An item table that has come to know more of an item says it of old rows, too.
TEST_F(AppendTest, TablesMayTellMoreOfWhatIsKnown) {
  ingest("");
  folder.write("items.csv", "item,kind,weight\ni3,y,7\n");
  ingest("--append second.csv");
  const auto grown = open("grown.v2");
  for (std::int64_t entity = 0; entity < grown.entities(); ++entity) {
    Row row;
    decode(grown, FieldOwner::kEntity, grown.entity_fields(), static_cast<std::size_t>(entity), row);
    if (grown.entity_key(entity) == "i3") {
      EXPECT_EQ(row.keys, (Cells{"i3", "y"}));
    }
    if (grown.entity_key(entity) == "i1") {
      EXPECT_EQ(row.keys, (Cells{"i1", "x"}));
    }
  }
}

TEST_F(AppendTest, AModelOfOneVersionIsUsedOnTheNextAndGoesOnThere) {
  folder.write("validation.txt", "u2\nu5\nu8\n");
  append_twice("--validation validation.txt");
  const std::string small = " --config config.ini --set evaluate.query=2 --set evaluate.support=0,1,2 ";
  const std::string train = "train --steps 3 --tasks 8" + small;
  expect_ok(train + "--run run");
  const auto output = expect_ok("evaluate --set train.run=run --set data.dataset=grown.v3" + small);
  EXPECT_NE(output.find("warmstart"), std::string::npos) << output;
  const auto there = train + "--run next --set data.dataset=grown.v3 ";
  EXPECT_NE(parameters_digest(expect_ok(there + "--start-from run")),
            parameters_digest(expect_ok(train + "--run fresh --set data.dataset=grown.v3")));
  // Found again, a run goes on from its own.
  expect_ok(there + "--start-from run");
  expect_failure(train + "--run back --start-from next", 3, "next: the model does not fit the data set");
  expect_failure(train + "--run none --start-from nowhere", 3, "nowhere: ");
  const auto compared = objects_of(expect_ok("inspect grown grown.v3 --json")).at(0);
  EXPECT_TRUE(compared["models_fit"].get<bool>());
  EXPECT_GT(compared["tasks"]["new"], 0);
  EXPECT_EQ(compared["tasks"]["gone"], 0);
  EXPECT_GT(compared["new_keys"]["item"], 0);
  EXPECT_FALSE(objects_of(expect_ok("inspect grown.v3 grown --json")).at(0)["models_fit"].get<bool>());
}

TEST_F(AppendTest, WhatIsNoNextVersionIsRefused) {
  const std::string append = "ingest --config config.ini --append ";
  expect_failure(append + "second.csv", 2, "grown: there is no data set to append to; make it first");
  ingest("");
  expect_failure(append + "nothing.csv", 3, "nothing.csv: no such file");
  expect_failure(append + "first.csv", 3, "grown holds all of these rows already");
  expect_failure(append + "second.csv --set interactions.categorical= ", 3,
                 "append with the configuration that made it");
  expect_failure(append + "second.csv --set interactions.duplicates=mean", 2, "a mean of labels cannot take in more");
  expect_failure(append + "second.csv --split-time 1100", 2, "grown was split by task alone");
  folder.write("other.csv", "user,item,time\nu1,i1,1\n");
  expect_failure(append + "other.csv", 3, "other.csv: has no column 'rating'", 2);
  EXPECT_FALSE(fs::exists(folder.path() / "grown.v2.tmp"));
  ingest("--append second.csv");
  expect_failure(append + "second.csv", 3, "second.csv: was appended already, as second.csv in version 2");
  flip_byte(folder.path() / "grown.v2/entities.h5");
  expect_failure(append + "third.csv", 3, "entities.h5: is damaged", 2);
}

}  // namespace
}  // namespace warmstart
