// What judges: rows from a time on, and episodes that a file lists, through the real program.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <set>
#include <sstream>

#include "base/json.h"
#include "data/dataset.h"
#include "tests/app/program_fixture.h"

namespace warmstart {
namespace {

std::vector<std::string> keys_of(const Dataset& dataset, Split split) {
  std::vector<std::string> keys;
  for (const auto task : dataset.tasks_of(split)) keys.push_back(dataset.task(task).key());
  std::sort(keys.begin(), keys.end());
  return keys;
}

class ProtocolsTest : public ProgramTest {
 protected:
  ProtocolsTest() {
    expect_ok("synthesize --to tables --users 60 --items 40 --rows-per-user 20");
    std::istringstream lines(read_file(folder.path() / "tables/interactions.csv"));
    std::string line;
    std::getline(lines, line);
    while (std::getline(lines, line)) {
      std::istringstream cells(line);
      std::string user, item, rating, time;
      std::getline(std::getline(std::getline(std::getline(cells, user, ','), item, ','), rating, ','), time);
      items[user].insert(item);
      times.push_back(std::stod(time));
    }
    std::sort(times.begin(), times.end());
  }

  // A list of six items of a user: two judge.
  std::string rows_of(const std::string& user) const {
    std::string list;
    auto item = items.at(user).begin();
    for (int row = 0; row < 6; ++row) list += fmt::format("{},{},{}\n", user, *item++, row < 2 ? "query" : "support");
    return list;
  }

  static constexpr const char* kSettings =
      " --config tables/config.ini --set evaluate.query=4 --set evaluate.support=0,1,all --set train.run= ";
  std::vector<double> times;                           // of all rows, sorted
  std::map<std::string, std::set<std::string>> items;  // by their users
};

TEST_F(ProtocolsTest, ATimeSplitsWhatIsTrainedOnFromWhatJudges) {
  const auto time = fmt::format("{}", times[times.size() / 2]);
  const std::string settings = kSettings + std::string("--set data.split-time=") + time + " ";
  const auto ingested = expect_ok("ingest" + settings);
  EXPECT_NE(ingested.find("rows: row of a training task from data.split-time on"), std::string::npos) << ingested;
  EXPECT_NE(expect_ok("inspect tables/dataset").find("split at time " + time), std::string::npos);
  const auto table = expect_ok("evaluate" + settings);
  EXPECT_NE(table.find("never seen in training, 4 rows from time " + time + " on judge"), std::string::npos) << table;
  const auto protocol = objects_of(expect_ok("evaluate --json" + settings, 2)).at(0)["protocol"];
  EXPECT_EQ(protocol["split_time"], times[times.size() / 2]);
  expect_ok("train --steps 4 --tasks 16 --run run" + settings);
  expect_failure("evaluate --set evaluate.order=shuffle" + settings, 2, "evaluate.order = shuffle has any rows judge");
}

TEST_F(ProtocolsTest, ATimeBesideThoseOfTheTableIsRefused) {
  expect_failure("ingest --set data.split-time=2100-01-01" + std::string(kSettings), 3,
                 "data.split-time = 2100-01-01 (4102444800) leaves no row from it on: column 'time' goes from ");
  expect_failure("ingest --set data.split-time=soon" + std::string(kSettings), 2, "data.split-time");
  expect_failure(
      "ingest --set data.split-time=1 --set data.task=class --set interactions.class=user" + std::string(kSettings), 2,
      "data.split-time");
}

TEST_F(ProtocolsTest, EpisodesOfAFileAreJudgedAsTheyStandThere) {
  folder.write("test.txt", "u1\nu2\nu3\n");
  expect_ok("ingest --set data.test=test.txt" + std::string(kSettings));
  const auto list = "task,entity,set\n" + rows_of("u2") + rows_of("u1");
  folder.write("list.csv", list);
  ASSERT_EQ(std::system(("gzip -k " + (folder.path() / "list.csv").string()).c_str()), 0);
  const std::string judged = "evaluate --episodes-from list.csv.gz" + std::string(kSettings);
  const auto table = expect_ok(judged);
  EXPECT_NE(table.find("2 users never seen in training, 2 rows that list.csv.gz lists judge"), std::string::npos)
      << table;
  const auto one = nlohmann::json::parse(expect_ok(judged + "--json")),
             two = objects_of(expect_ok(judged + "--json", 2)).at(0);
  EXPECT_EQ(one, two);
  EXPECT_EQ(one["protocol"]["split"], "listed");
  EXPECT_EQ(one["protocol"]["query"], 2);
  EXPECT_EQ(one["protocol"]["tasks"], 2);
  expect_failure("evaluate --episodes-from tables/interactions.csv" + std::string(kSettings), 3,
                 "has no column 'task'");
  folder.write("list.csv", list + "nobody,i1,query\n");
  expect_failure("evaluate --episodes-from list.csv" + std::string(kSettings), 3, "list.csv:14: the data set ", 2);
}

TEST_F(ProtocolsTest, TheRestOfTheirRowsJudges) {
  const std::string rest = " --set evaluate.query=rest";
  const std::string settings = " --config tables/config.ini --set evaluate.support=0,3 --set train.run= ";
  expect_ok("ingest" + settings);
  const auto table = expect_ok("evaluate" + rest + settings);
  EXPECT_NE(table.find("12 users never seen in training, the rest of their rows judge, by support rows"),
            std::string::npos)
      << table;
  const auto one = nlohmann::json::parse(expect_ok("evaluate --json" + rest + settings)),
             two = nlohmann::json::parse(expect_ok("evaluate --json" + rest + settings, 2));
  EXPECT_EQ(one, two);
  EXPECT_EQ(one["protocol"]["query"], "rest");
  expect_ok("train --steps 4 --tasks 16 --run run" + rest + settings);
  expect_failure("evaluate --set evaluate.query=0" + settings, 2,
                 "wants a whole number from 1 to 1000000000 rows, or rest");
  expect_failure("evaluate --config tables/config.ini --set train.run=" + rest, 2,
                 "with 'all' among evaluate.support none would be left");
}

// A last run on the tasks that validated as well: the same test tasks judge it.
TEST_F(ProtocolsTest, AFinalRunTrainsOnTheValidationTasksToo) {
  const std::string final = kSettings + std::string("--set data.dataset=final --set data.validation=0 ");
  expect_ok("ingest" + std::string(kSettings));
  expect_ok("ingest" + final);
  const Dataset before(folder.path() / "tables/dataset", true), after(folder.path() / "final", true);
  auto trained = keys_of(before, Split::kTrain);
  for (const auto& key : keys_of(before, Split::kValidation)) trained.push_back(key);
  std::sort(trained.begin(), trained.end());
  EXPECT_EQ(keys_of(after, Split::kTrain), trained);
  EXPECT_EQ(keys_of(after, Split::kTest), keys_of(before, Split::kTest));
  EXPECT_TRUE(keys_of(after, Split::kValidation).empty());
  const std::string train = "train --steps 4 --tasks 16 --run run" + final;
  expect_failure(train, 3, "has no validation tasks; ingest with data.validation = 0.1, or, to train without");
  expect_failure(train + "--keep-best false --patience 2", 3, "train.patience = 0");
  const auto told = expect_ok(train + "--keep-best false");
  EXPECT_NE(told.find("step-00000004: trained for 4 steps, without validation"), std::string::npos) << told;
  expect_ok("evaluate --train.run run --baselines false" + final);
}

}  // namespace
}  // namespace warmstart
