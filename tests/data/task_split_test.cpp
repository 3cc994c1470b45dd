#include "data/task_split.h"

#include <gtest/gtest.h>

#include "base/errors.h"
#include "tests/support/temporary_folder.h"

namespace warmstart {
namespace {

class SplitTest : public testing::Test {
 protected:
  void split(const std::string& validation, const std::string& test) {
    IngestOptions options;
    options.validation = validation;
    options.test = test;
    IngestRanks alone;
    TaskSplit split(options);
    for (const auto* key : {"u1", "u2", "u3"}) split.add(key);
    split.finish(alone);
    EXPECT_EQ(split.of("u1"), Split::kTest);
  }
  std::string list(const std::string& name, const std::string& keys) { return folder.write(name, keys).string(); }
  TemporaryFolder folder;
};

TEST_F(SplitTest, TakesListedKeysOfAnyLineEnding) {
  split("0", list("unix", "u1\n"));
  split("0", list("windows", "u1\r\n"));
}

TEST_F(SplitTest, RefusesListsThatSayNothingOrTwoThings) {
  EXPECT_THROW(split("0", list("empty", "\n")), DataError);
  EXPECT_THROW(split("0", list("others", "u7\nu8\n")), DataError);
  EXPECT_THROW(split(list("a", "u1\nu2\n"), list("b", "u1\n")), DataError);
  EXPECT_THROW(split("0", "0,2"), UsageError);
  EXPECT_THROW(split("0", "1"), UsageError);
  EXPECT_THROW(split("0", "-0.1"), UsageError);
}

}  // namespace
}  // namespace warmstart
