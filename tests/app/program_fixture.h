#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>

#include "base/files.h"
#include "tests/support/run_program.h"
#include "tests/support/temporary_folder.h"

namespace warmstart {

// The real program in a folder of its own.
class ProgramTest : public testing::Test {
 protected:
  std::string expect_ok(const std::string& arguments, int ranks = 0) {
    const auto result = run_program(arguments, folder.path(), ranks);
    EXPECT_EQ(result.exit_code, 0) << arguments << "\n" << result.output;
    return result.output;
  }
  // `phrase` stands on the program's one line of complaint.
  void expect_failure(const std::string& arguments, int exit_code, const std::string& phrase, int ranks = 0) {
    const auto result = run_program(arguments, folder.path(), ranks);
    EXPECT_EQ(result.exit_code, exit_code) << result.output;
    const auto line = result.output.find("warmstart: ");
    ASSERT_NE(line, std::string::npos) << result.output;
    EXPECT_EQ(result.output.find("warmstart: ", line + 1), std::string::npos) << result.output;
    EXPECT_NE(result.output.substr(line, result.output.find('\n', line) - line).find(phrase), std::string::npos)
        << result.output;
  }

  TemporaryFolder folder;
};

// With tables to spoil.
class BadInputTest : public ProgramTest {
 protected:
  BadInputTest() { run_program("synthesize --to tables --users 60 --items 40 --rows-per-user 20", folder.path()); }

  void expect_ingest_failure(const std::string& arguments, int exit_code, const std::string& phrase) {
    expect_failure("ingest --config tables/config.ini " + arguments, exit_code, phrase);
    EXPECT_FALSE(std::filesystem::exists(folder.path() / "tables/dataset"));
    EXPECT_FALSE(std::filesystem::exists(folder.path() / "tables/dataset.tmp"));
  }
  void ingest() { EXPECT_EQ(run_program("ingest --config tables/config.ini", folder.path()).exit_code, 0); }
  void append(const std::string& row) {
    const auto path = folder.path() / "tables/interactions.csv";
    folder.write("tables/interactions.csv", read_file(path) + row + "\n");
  }
  std::int64_t lines() const {
    const auto text = read_file(folder.path() / "tables/interactions.csv");
    return std::count(text.begin(), text.end(), '\n');
  }

  const std::string train = "train --config tables/config.ini --set evaluate.query=4 --steps 4 --tasks 16 ";
};

}  // namespace warmstart
