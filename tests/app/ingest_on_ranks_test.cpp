// Ingest on several ranks: the bytes of one, its messages, and nothing half when a rank is killed.

#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/files.h"
#include "tests/app/program_fixture.h"
#include "tests/support/background_program.h"

namespace warmstart {
namespace {

namespace fs = std::filesystem;

// Rows of users, items and so on that differ in what they say; `extra` fills the last column.
std::string rows(int from, int to, const std::string& line_end, const std::string& extra) {
  std::string text;
  for (int i = from; i < to; ++i) {
    const auto number = [](int value) { return std::to_string(value); };
    text += "u" + number(i * 7 % 23) + ",i" + number(i * i % 31) + "," + number(i % 5 + 1) + "," +
            number(1000 - i % 50) + ",p" + number(i % 11) + ",a" + number(i % 3) + "|b" + number(i % 13) + "," +
            number(i % 17) + ".25," + extra + line_end;
  }
  return text;
}

constexpr const char* kHeader = "user,item,rating,time,page,tags,price,note\n";

class IngestOnRanksTest : public ProgramTest {
 protected:
  IngestOnRanksTest() {
    folder.write("users.csv", "user,city\nu1,a\nu2,b\nu2,c\nu3,a\n");
    folder.write("items.csv", "item,kind,weight\ni1,x,1.5\ni2,y,2\ni4,x,-3\n");
    folder.write("config.ini", R"([data]
dataset = dataset
task = user
shards = 3
min-rows = 2
[interactions]
files = a.csv,b.csv
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
[items]
files = items.csv
key = item
join = left
categorical = kind
dense = weight
)");
  }
  void write_tables(const std::string& line_end, const std::string& extra) {
    folder.write("a.csv", kHeader + rows(0, 300, line_end, extra));
    folder.write("b.csv", kHeader + rows(300, 400, line_end, extra));
  }
  // The data set's files by name, as one rank makes them and then others.
  std::map<std::string, std::string> files_of(const std::string& arguments, int ranks) {
    fs::remove_all(folder.path() / "dataset");
    output = expect_ok("ingest --config config.ini " + arguments, ranks);
    std::map<std::string, std::string> files;
    for (const auto& entry : fs::directory_iterator(folder.path() / "dataset"))
      files[entry.path().filename()] = read_file(entry.path());
    return files;
  }
  // Each program takes its time to start: all numbers of ranks are tried once, and then one.
  void expect_same_bytes(const std::string& arguments = "", const std::vector<int>& numbers = {3}) {
    const auto alone = files_of(arguments, 0);
    EXPECT_GE(alone.size(), 7u);
    for (const int ranks : numbers) EXPECT_TRUE(files_of(arguments, ranks) == alone) << ranks << " ranks";
  }

  std::string output;
};

TEST_F(IngestOnRanksTest, TheBytesAreThoseOfOneRank) {
  write_tables("\n", "x");
  expect_same_bytes("", {1, 2, 5});
  expect_same_bytes("--set interactions.time=");
  expect_same_bytes("--split-time 975 --set interactions.duplicates=sum");
  expect_same_bytes("--task item --min-count 3");
  expect_same_bytes("--task scenario --set interactions.scenario=page --set interactions.categorical=", {2, 5});
}

TEST_F(IngestOnRanksTest, QuotesAreNoHindranceAndLineBreaksInThemGiveAFileToOneRank) {
  write_tables("\r\n", "\"a, b\"");
  expect_same_bytes();
  EXPECT_EQ(output.find("line breaks in quotes"), std::string::npos) << output;
  write_tables("\n", "\"first\nu1,i1,5,1,p1,a1,1,second\nthird\"");
  expect_same_bytes();
  EXPECT_NE(output.find("a.csv: has line breaks in quotes"), std::string::npos) << output;
}

TEST_F(IngestOnRanksTest, FilesOfWholeTasksAreEachReadByOneRank) {
  // Line breaks in quotes do not matter where files are not cut.
  for (int file = 0; file < 3; ++file) {
    std::string text = kHeader;
    for (int i = file * 200; i < file * 200 + 200; ++i)
      text += "u" + std::to_string(i * 7 % 9) + "-" + std::to_string(file) + ",i" + std::to_string(i * i % 31) + "," +
              std::to_string(i % 5 + 1) + "," + std::to_string(1000 - i % 50) + ",p" + std::to_string(i % 11) +
              ",a|b," + std::to_string(i % 17) + ".25,\"line\nbreak\"\n";
    folder.write("whole-" + std::to_string(file) + ".csv", text);
  }
  const std::string files = "--set interactions.files=whole-*.csv ";
  for (const std::string arguments : {"", "--set interactions.time="}) {
    const auto ungrouped = files_of(files + arguments, 0);
    for (const int ranks : {2, 5}) EXPECT_TRUE(files_of(files + "--grouped " + arguments, ranks) == ungrouped) << ranks;
    EXPECT_EQ(output.find("line breaks in quotes"), std::string::npos) << output;
  }
  const auto scenarios =
      files +
      "--task scenario --set interactions.scenario=user --set interactions.user=page "
      "--set interactions.categorical= --set users.files= --set users.join=inner --set users.categorical= ";
  const auto ungrouped = files_of(scenarios, 0);
  EXPECT_TRUE(files_of(scenarios + "--grouped ", 3) == ungrouped);
  EXPECT_TRUE(ungrouped.contains("users.h5"));
  folder.write("whole-2.csv",
               std::string(kHeader) + "u3-0,i1,1,1,p1,a,1,x\nu3-2,i1,1,1,p1,a,1,x\nu3-2,i2,1,1,p1,a,1,x\n");
  fs::remove_all(folder.path() / "dataset");
  for (const int ranks : {0, 2}) {
    expect_failure("ingest --config config.ini --grouped " + files, 3,
                   "user 'u3-0' has rows in whole-0.csv and in whole-2.csv, and data.grouped = true says", ranks);
    EXPECT_FALSE(fs::exists(folder.path() / "dataset.tmp"));
  }
}

TEST_F(IngestOnRanksTest, CompressedFilesAreReadByOneRankEach) {
  write_tables("\n", "x");
  for (const auto* name : {"a.csv", "b.csv"})
    ASSERT_EQ(run_command("gzip '" + (folder.path() / name).string() + "'").exit_code, 0);
  expect_same_bytes("--set interactions.files=a.csv.gz,b.csv.gz");
}

TEST_F(IngestOnRanksTest, BadRowsAreToldByTheirLinesWhoeverMetThem) {
  folder.write("a.csv", kHeader + rows(0, 150, "\r\n", "x") + "u1,i1,bad,1,p1,a,1,x\r\n" + rows(150, 300, "\r\n", "x"));
  folder.write("b.csv",
               kHeader + rows(300, 350, "\n", "x") + "u1,i1,worse,1,p1,a,1,x\nu1,i2\n" + rows(350, 400, "\n", "x"));
  for (const int ranks : {0, 2, 5})
    expect_failure("ingest --config config.ini", 3, "a.csv:152: column 'rating': 'bad' is not a number", ranks);
  const auto alone = files_of("--on-error skip", 0);
  const auto told = output.substr(output.find("left out"));
  for (const int ranks : {2, 5}) {
    EXPECT_TRUE(files_of("--on-error skip", ranks) == alone) << ranks;
    EXPECT_EQ(output.substr(output.find("left out")), told);
  }
  EXPECT_NE(told.find("b.csv:52: column 'rating': 'worse'"), std::string::npos) << told;
  EXPECT_NE(told.find("b.csv:53: 2 fields"), std::string::npos) << told;
}

TEST_F(IngestOnRanksTest, WhatNoRankFindsIsRefusedOnce) {
  write_tables("\n", "x");
  folder.write("b.csv", kHeader);
  expect_failure("ingest --config config.ini", 3, "b.csv: has no rows", 4);
  folder.write("b.csv", "");
  expect_failure("ingest --config config.ini", 3, "b.csv: is empty", 4);
  write_tables("\n", "x");
  expect_failure("ingest --config config.ini --min-rows 1000", 3, "no task is left", 4);
  expect_failure("ingest --config config.ini --split-time 1", 3, "leaves no row before it", 4);
  EXPECT_FALSE(fs::exists(folder.path() / "dataset.tmp"));
}

TEST_F(IngestOnRanksTest, AfterARankWasKilledTheNextIngestStartsClean) {
  write_tables("\n", "x");
  const auto alone = files_of("", 0);
  std::string many = kHeader;
  for (int i = 0; i < 500; ++i) many += rows(0, 300, "\n", "x");
  folder.write("many.csv", many);
  fs::remove_all(folder.path() / "dataset");
  BackgroundProgram killed("cd '" + folder.path().string() + "' && exec " + mpi_launcher() + " 2 " + program_path() +
                               " ingest --config config.ini --set interactions.files=many.csv",
                           (folder.path() / "log").string());
  while (!fs::exists(folder.path() / "dataset.tmp/spill/spill-00000-00001") && killed.running())
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  kill(killed.process(), SIGKILL);
  killed.wait();
  EXPECT_FALSE(fs::exists(folder.path() / "dataset"));
  EXPECT_TRUE(files_of("", 2) == alone);
}

}  // namespace
}  // namespace warmstart
