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

}  // namespace
}  // namespace warmstart
