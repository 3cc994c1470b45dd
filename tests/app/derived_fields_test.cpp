// Fields of rows that no table of interactions holds: what was known at the row's time, and what a calendar says of its
// day.  Values are checked against a count over all rows, one by one.

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/files.h"
#include "data/dataset.h"
#include "tests/app/program_fixture.h"

namespace warmstart {
namespace {

constexpr double kDay = 86400.0;

struct Row {
  std::string user, item;
  double time;
};

// Several rows of one time, of one pair, and of one day among them.
std::vector<Row> all_rows() {
  std::vector<Row> rows;
  for (int i = 0; i < 240; ++i) {
    const double day = 19000 + i * 7 % 90;
    rows.push_back({"u" + std::to_string(i % 11), "i" + std::to_string(i * i % 13), day * kDay + i % 3 * 3600.0});
  }
  for (std::size_t i = 0; i < 40; ++i) rows.push_back({rows[i].user, "i" + std::to_string(i % 5), rows[i].time});
  return rows;
}

class DerivedFieldsTest : public ProgramTest {
 protected:
  DerivedFieldsTest() {
    std::string text = "user,item,rating,time\n";
    for (const auto& row : rows)
      text += row.user + "," + row.item + ",3," + std::to_string(static_cast<long>(row.time)) + "\n";
    folder.write("rows.csv", text);
    folder.write("config.ini", R"([data]
dataset = dataset
task = user
validation = 0
test = 0
[interactions]
files = rows.csv
user = user
item = item
label = rating
time = time
)");
  }
  void write_calendar(int from, int to) {
    std::string text = "date,weather,degrees\n";
    for (int day = from; day < to; ++day)
      text +=
          std::to_string(day * 86400L + 3600) + ",w" + std::to_string(day % 4) + "," + std::to_string(day % 9) + "\n";
    folder.write("calendar.csv", text);
  }
  std::string ingest(const std::string& arguments, int ranks = 0) {
    std::filesystem::remove_all(folder.path() / "dataset");
    return expect_ok("ingest --config config.ini " + arguments, ranks);
  }
  double expected(const std::string& field, const Row& row) const {
    double count = 0, last = -INFINITY;
    for (const auto& other : rows) {
      const auto days = std::floor(row.time / kDay) - std::floor(other.time / kDay);
      if (field == "popularity-30d") count += other.item == row.item && days >= 1 && days <= 30;
      if (other.user != row.user || other.time >= row.time) continue;
      if (field == "count-so-far") count += 1;
      last = std::max(last, other.time);
    }
    return field == "days-since-last" ? (row.time - last) / kDay : count;
  }
  // Every stored row's value of a dense field, and what it should be; missing ones are the mean.
  void expect_values(const std::string& field) {
    const Dataset dataset(folder.path() / "dataset", true);
    const auto fields = dataset.schema().fields_of(FieldOwner::kRow);
    const auto place = static_cast<std::size_t>(
        std::find_if(fields.begin(), fields.end(), [&](const auto* own) { return own->name == field; }) -
        fields.begin());
    ASSERT_LT(place, fields.size()) << field;
    for (std::int64_t task = 0; task < dataset.tasks(); ++task) {
      const auto view = dataset.task(task);
      for (std::size_t i = 0; i < view.rows.label.size(); ++i) {
        const Row row = {view.key(), dataset.entity_key(view.rows.entity[i]), view.rows.time[i]};
        const auto wanted = expected(field, row);
        const auto found =
            view.shard->row_fields()[place].dense(view.rows.first + i) * fields[place]->deviation + fields[place]->mean;
        EXPECT_NEAR(found, std::isfinite(wanted) ? wanted : fields[place]->mean, 1e-4) << field << " " << row.user;
      }
    }
  }

  const std::vector<Row> rows = all_rows();
};

TEST_F(DerivedFieldsTest, AreWhatWasKnownAtTheRowsTime) {
  const std::string derived = "--set interactions.derived=popularity-30d,count-so-far,days-since-last ";
  for (const auto* duplicates : {"latest", "all"}) {
    ingest(derived + "--set interactions.duplicates=" + duplicates);
    for (const auto* field : {"count-so-far", "days-since-last", "popularity-30d"}) expect_values(field);
  }
  const auto output = ingest(derived);
  EXPECT_EQ(output.find("standard deviations"), std::string::npos) << output;  // numbers that no table holds
  const auto alone = read_file(folder.path() / "dataset/dataset.json");
  for (const int ranks : {2, 4}) {
    ingest(derived, ranks);
    EXPECT_EQ(read_file(folder.path() / "dataset/dataset.json"), alone);
  }
}

TEST_F(DerivedFieldsTest, ACalendarSaysWhatItKnowsOfARowsDay) {
  write_calendar(18990, 19100);
  const std::string calendar =
      "--set calendar.files=calendar.csv --set calendar.key=date --set calendar.categorical=weather "
      "--set calendar.dense=degrees ";
  ingest(calendar + "--set interactions.derived=count-so-far");
  const Dataset dataset(folder.path() / "dataset", true);
  const auto fields = dataset.schema().fields_of(FieldOwner::kRow);
  ASSERT_EQ(fields.size(), 3u);
  EXPECT_EQ(fields[0]->name, "count-so-far");
  const auto weathers = dataset.vocabulary(*fields[1]);
  for (std::int64_t task = 0; task < dataset.tasks(); ++task) {
    const auto view = dataset.task(task);
    for (std::size_t i = 0; i < view.rows.label.size(); ++i) {
      const auto day = static_cast<int>(view.rows.time[i] / kDay);
      const auto& columns = view.shard->row_fields();
      EXPECT_EQ(weathers[columns[1].ids(view.rows.first + i)[0] - 1], "w" + std::to_string(day % 4));
      EXPECT_NEAR(columns[2].dense(view.rows.first + i) * fields[2]->deviation + fields[2]->mean, day % 9, 1e-4);
    }
  }
}

TEST_F(DerivedFieldsTest, DaysThatTheCalendarLacksAreBadRowsOrUnknown) {
  write_calendar(19010, 19100);
  const std::string calendar =
      "--set calendar.files=calendar.csv --set calendar.key=date --set calendar.dense=degrees ";
  expect_failure("ingest --config config.ini " + calendar, 3, "the calendar has no row of 2022-01-0");
  const auto output = ingest(calendar + "--set calendar.join=left", 2);
  EXPECT_NE(output.find("that the day table lacks"), std::string::npos) << output;
}

TEST_F(DerivedFieldsTest, ATimeMayBeAnyNumber) {
  folder.write("rows.csv", read_file(folder.path() / "rows.csv") + "u1,i1,3,1e300\nu1,i2,3,-1e300\n");
  ingest("--set interactions.derived=popularity-30d,days-since-last,count-so-far");
  write_calendar(18990, 19100);
  expect_failure(
      "ingest --config config.ini --set data.dataset=other --set calendar.files=calendar.csv "
      "--set calendar.key=date --set calendar.dense=degrees",
      3, "rows.csv:282: column 'time': the calendar has no row of day 1000000000000000");
}

TEST_F(DerivedFieldsTest, WhatCannotBeDerivedIsRefused) {
  const std::string ingest_it = "ingest --config config.ini --set interactions.derived=";
  expect_failure(ingest_it + "popularity", 2,
                 "interactions.derived = popularity: is none of count-so-far, days-since-last, popularity-30d");
  expect_failure(ingest_it + "count-so-far,count-so-far", 2, "'count-so-far' is a row's field already");
  expect_failure(ingest_it + "count-so-far --set interactions.time=", 2, "interactions.time names no column");
  ingest("--set interactions.derived=count-so-far");
  expect_failure(ingest_it + "count-so-far --append rows.csv", 2, "counts rows that a data set does not hold");
}

}  // namespace
}  // namespace warmstart
