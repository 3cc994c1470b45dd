#include "base/ini_file.h"

#include <gtest/gtest.h>

namespace warmstart {
namespace {

TEST(IniFile, CommentsAndAByteOrderMarkAreUnderstood) {
  const auto entries = parse_ini(
      "\xef\xbb\xbf; a comment\r\n[train]\r\n  # another\r\nseed = 7 # a third\r\n\r\nrun = a#b ; c # d\r\n", "a");
  ASSERT_EQ(entries.size(), 2u);
  EXPECT_EQ(entries[0].key, "train.seed");
  EXPECT_EQ(entries[0].value, "7");
  EXPECT_EQ(entries[1].key, "train.run");
  EXPECT_EQ(entries[1].value, "a#b ; c");
  EXPECT_EQ(entries[1].line, 6u);
}

TEST(IniFile, SectionsOfAResolvedConfigurationAreTakenInItsOrderAndForm) {
  const std::string model = "[model]\nwidth = 3\nname = \n", inner = "[inner]\nsteps = 2\n";
  const auto resolved = "[data]\nshards = 4\n\n" + model + "\n[train]\nsteps = 1\n\n" + inner;
  EXPECT_EQ(section_of(resolved, {"inner", "model"}), model + "\n" + inner);
  EXPECT_EQ(section_of(resolved, {"model"}), model);
  EXPECT_EQ(section_of(resolved, {"mode", "steps"}), "");
  EXPECT_EQ(section_of(resolved, {"data", "model", "train", "inner"}), resolved);
}

}  // namespace
}  // namespace warmstart
