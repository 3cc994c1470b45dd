#include "base/program.h"

#include <gtest/gtest.h>

#include "base/errors.h"
#include "tests/support/temporary_folder.h"

namespace warmstart {
namespace {

TEST(Program, GetsItsWordsAsTheyAre) {
  const std::vector<std::string> words = {"a b", "`touch ran`", "$(touch ran)", "'\"\\", "*", "x\ny", "; exit 3"};
  std::vector<std::string> arguments = {"printf", "%s|"};
  arguments.insert(arguments.end(), words.begin(), words.end());
  std::string expected;
  for (const auto& word : words) expected += word + "|";
  const auto ran = run_program_to_end(arguments);
  EXPECT_EQ(ran.exit_code, 0);
  EXPECT_EQ(ran.output, expected);
}

TEST(Program, ReadsItsInputAndTellsItsStreamsApart) {
  // More than a pipe holds, so that waiting for it to be read would never end.
  const std::string input(1 << 20, 'x');
  EXPECT_EQ(run_program_to_end({"cat"}, input).output, input);
  const auto ran = run_program_to_end({"sh", "-c", "echo out; echo err >&2; exit 7"});
  EXPECT_EQ(ran.exit_code, 7);
  EXPECT_EQ(ran.output, "out\n");
  EXPECT_EQ(ran.errors, "err\n");
  EXPECT_EQ(ran.first_line(), "err");
}

TEST(Program, EndedByASignalHasACodeOfItsOwn) {
  EXPECT_EQ(run_program_to_end({"sh", "-c", "kill -9 $$"}).exit_code, 137);
}

TEST(Program, ThatIsNotThereIsAnErrorOfTheEnvironment) {
  EXPECT_THROW(run_program_to_end({"no-such-program-anywhere"}), EnvironmentError);
  EXPECT_FALSE(is_on_path("no-such-program-anywhere"));
  EXPECT_TRUE(is_on_path("sh"));
}

}  // namespace
}  // namespace warmstart
