// data.grouped: files that hold all rows of their tasks make the bytes that any files make, and no others are taken.

#include "data/grouped_files.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "base/errors.h"
#include "base/files.h"
#include "data/ingest.h"
#include "tests/support/temporary_folder.h"

namespace warmstart {
namespace {

constexpr const char* kHeader = "user,item,rating,time,page,tags,price\n";

std::string row(const std::string& user, int i) {
  return user + ",i" + std::to_string(i * i % 9) + "," + std::to_string(i % 5 - 1) + "," +
         std::to_string(1000 - i % 7) + ",p" + std::to_string(i % 4) + ",a" + std::to_string(i % 3) + "|b" +
         std::to_string(i % 5) + "," + std::to_string(i % 3) + ".5\n";
}

class GroupedFilesTest : public testing::Test {
 protected:
  GroupedFilesTest() {
    // Users of a file are neither in one shard nor in the order of their keys, and one of them has a single row.
    for (int file = 0; file < 3; ++file) {
      std::string text = kHeader;
      for (int i = 0; i < 60; ++i) text += row("u" + std::to_string((i * 5 % 7) * 3 + file), i);
      text += row("lonely" + std::to_string(file), file);
      options.interactions.files.push_back(folder.write("part-" + std::to_string(file) + ".csv", text).string());
    }
    options.dataset = folder.path() / "dataset";
    options.interactions.categorical = {"page"};
    options.interactions.multi = {"tags"};
    options.interactions.dense = {"price"};
    options.user = "user";
    options.item = "item";
    options.label = "rating";
    options.time = "time";
    options.min_rows = 2;
    options.shards = 3;
  }
  std::map<std::string, std::string> files(bool grouped) {
    std::filesystem::remove_all(options.dataset);
    options.grouped = grouped;
    ingest(options);
    std::map<std::string, std::string> all;
    for (const auto& entry : std::filesystem::directory_iterator(options.dataset))
      all[entry.path().filename()] = read_file(entry.path());
    return all;
  }
  void expect_same_bytes(const std::string& what) { EXPECT_TRUE(files(true) == files(false)) << what; }
  std::string refusal() {
    options.grouped = true;
    try {
      ingest(options);
    } catch (const Error& error) {
      EXPECT_FALSE(std::filesystem::exists(options.dataset));
      return error.what();
    }
    return "";
  }

  TemporaryFolder folder;
  IngestOptions options;
};

TEST_F(GroupedFilesTest, TheBytesAreThoseOfAnyFiles) {
  expect_same_bytes("latest");
  options.duplicates = Duplicates::kSum;
  expect_same_bytes("sum");
  options.duplicates = Duplicates::kAll;
  options.derived = {"count-so-far", "days-since-last"};
  expect_same_bytes("derived");
  options.derived = {};
  options.time = "";
  expect_same_bytes("without times");
  // Labels of -1 have no logarithm: whole tasks may be of them.
  options.transform.kind = LabelTransform::Kind::kLog1p;
  options.on_error = OnError::kSkip;
  folder.write("part-1.csv", kHeader + row("u1", 0) + row("u1", 5) + row("u0", 6) + row("u0", 7) + row("u0", 8));
  folder.write("part-0.csv", kHeader + row("u9", 0) + row("u9", 1) + row("u9", 2) + row("u9", 3));
  expect_same_bytes("labels without a logarithm");
}

TEST_F(GroupedFilesTest, ScenariosAreGroupedToo) {
  options.task = TaskSide::kScenario;
  options.scenario = "page";
  options.interactions.categorical = {};
  for (int file = 0; file < 3; ++file) {
    std::string text = kHeader;
    for (int i = 0; i < 40; ++i) text += row("u" + std::to_string(i % 6), 4 * i + file);
    folder.write("part-" + std::to_string(file) + ".csv", text);
  }
  expect_same_bytes("scenarios");
  options.users.join = Join::kLeft;
  options.users.files = {folder.write("users.csv", "user,town\nu1,x\n").string()};
  options.users.key = "user";
  options.users.categorical = {"town"};
  expect_same_bytes("scenarios with a table of users");
}

TEST_F(GroupedFilesTest, ATaskInTwoFilesIsRefusedWithBoth) {
  folder.write("part-2.csv", kHeader + row("u90", 1) + row("u90", 2) + row("u4", 3));
  const auto message = refusal();
  EXPECT_NE(message.find("user 'u4' has rows in " + options.interactions.files[1] + " and in " +
                         options.interactions.files[2]),
            std::string::npos)
      << message;
  // Even where no row of it is left.
  options.transform.kind = LabelTransform::Kind::kLog1p;
  options.on_error = OnError::kSkip;
  folder.write("part-2.csv", kHeader + row("u90", 1) + row("u90", 2) + row("u4", 5));
  EXPECT_NE(refusal().find("user 'u4' has rows in "), std::string::npos) << refusal();
}

TEST_F(GroupedFilesTest, WhatNeedsTheRowsOfAllFilesIsRefused) {
  options.derived = {"popularity-30d"};
  EXPECT_NE(refusal().find("popularity-30d counts the rows of all"), std::string::npos) << refusal();
  options.derived = {};
  options.split_time.text = "995";
  options.split_time.seconds = 995;
  EXPECT_NE(refusal().find("data.split-time leaves out rows of those to train on"), std::string::npos) << refusal();
}

}  // namespace
}  // namespace warmstart
