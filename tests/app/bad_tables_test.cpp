// Tables that cannot be used, and two programs that make one data set: as users of the real program see it.

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <memory>
#include <thread>

#include "base/files.h"
#include "base/json.h"
#include "tests/support/background_program.h"
#include "tests/support/run_program.h"
#include "tests/support/temporary_folder.h"

namespace warmstart {
namespace {

namespace fs = std::filesystem;

class BadTablesTest : public testing::Test {
 protected:
  BadTablesTest() { synthesize(60, 20); }
  void synthesize(int users, int rows) {
    fs::remove_all(tables);
    const auto made = run_program("synthesize --to tables --users " + std::to_string(users) +
                                      " --items 1000 --rows-per-user " + std::to_string(rows),
                                  folder.path());
    EXPECT_EQ(made.exit_code, 0) << made.output;
  }
  ProgramResult ingest(const std::string& arguments = "") {
    return run_program("ingest --config tables/config.ini " + arguments, folder.path());
  }
  // An ingest that is stopped in its middle.
  void start_ingest_and_stop_it() {
    synthesize(4000, 40);
    first = std::make_unique<BackgroundProgram>(
        "cd '" + folder.path().string() + "' && exec " + program_path() + " ingest --config tables/config.ini",
        (folder.path() / "log").string());
    while (!fs::exists(tables / "dataset.tmp/spill") && first->running())
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    signal_first(SIGSTOP);
    ASSERT_TRUE(fs::exists(tables / "dataset.tmp/spill")) << read_file(folder.path() / "log");
  }
  void signal_first(int number) const { kill(first->process(), number); }

  TemporaryFolder folder;
  const fs::path tables = folder.path() / "tables";
  std::unique_ptr<BackgroundProgram> first;
};

TEST_F(BadTablesTest, TwoIngestsOfOneDataSetDoNotMeet) {
  start_ingest_and_stop_it();
  const auto second = ingest();
  EXPECT_EQ(second.exit_code, 2) << second.output;
  EXPECT_NE(second.output.find("dataset: is being made by process " + std::to_string(first->process())),
            std::string::npos)
      << second.output;
  signal_first(SIGCONT);
  EXPECT_EQ(first->wait(), 0) << read_file(folder.path() / "log");
  const auto rows = read_json(tables / "dataset/dataset.json")["rows_read"];
  const auto text = read_file(tables / "interactions.csv");
  EXPECT_EQ(rows, std::count(text.begin(), text.end(), '\n') - 1);
  EXPECT_EQ(run_program("inspect tables/dataset --verify", folder.path()).exit_code, 0);
  EXPECT_FALSE(fs::exists(tables / "dataset.tmp"));
}

TEST_F(BadTablesTest, AnIngestThatWasKilledIsNotInTheWay) {
  start_ingest_and_stop_it();
  signal_first(SIGKILL);
  EXPECT_EQ(first->wait(), 128 + SIGKILL);
  const auto second = ingest();
  EXPECT_EQ(second.exit_code, 0) << second.output;
  EXPECT_FALSE(fs::exists(tables / "dataset.tmp"));
}

TEST_F(BadTablesTest, ACompressedTableMakesTheSameDataSet) {
  EXPECT_EQ(ingest("--dataset plain").exit_code, 0);
  for (const auto* name : {"items.csv", "interactions.csv"})
    ASSERT_EQ(run_command("gzip '" + (tables / name).string() + "'").exit_code, 0);
  const auto result = ingest(
      "--dataset unpacked --set items.files=tables/items.csv.gz --set interactions.files=tables/interactions.csv.gz");
  EXPECT_EQ(result.exit_code, 0) << result.output;
  EXPECT_EQ(read_file(folder.path() / "unpacked/dataset.json"), read_file(folder.path() / "plain/dataset.json"));
}

TEST_F(BadTablesTest, LeftJoinsSayWhatTheyKept) {
  folder.write("tables/items.csv", "item,category\ni0,a\ni1,b\n");
  const auto result = ingest("--set items.join=left");
  EXPECT_EQ(result.exit_code, 0) << result.output;
  EXPECT_NE(result.output.find(" items that the item table lacks"), std::string::npos) << result.output;
}

TEST_F(BadTablesTest, ATableThatIsPackedInAnotherWayIsNamedAndNotPrinted) {
  folder.write("tables/items.csv.bz2", "BZh91AY&SY\x01\x02\x1b[2J");
  const auto result = ingest("--set items.files=tables/items.csv.bz2");
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_NE(result.output.find("items.csv.bz2: is compressed with bzip2"), std::string::npos) << result.output;
  EXPECT_TRUE(std::all_of(result.output.begin(), result.output.end(), [](char c) { return c == '\n' || c >= ' '; }))
      << result.output;
}

TEST_F(BadTablesTest, WhenEveryRowIsSkippedTheReasonsAreShown) {
  folder.write("tables/items.csv", "item,category\n0.0,a\n1.0,b\n");
  const auto result = ingest("--on-error skip");
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_NE(result.output.find("rows: item that the item table lacks (tables/interactions.csv:2: item 'i"),
            std::string::npos)
      << result.output;
}

}  // namespace
}  // namespace warmstart
