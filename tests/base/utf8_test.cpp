#include "base/utf8.h"

#include <gtest/gtest.h>

namespace warmstart {
namespace {

TEST(Utf8, KnowsWhatIsNone) {
  for (const auto* text : {"", "plain", "\xc3\xa9t\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x8e\xac"})
    EXPECT_TRUE(is_utf8(text)) << text;
  for (const auto* text :
       {"caf\xe9", "\x80", "\xc0\xaf", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf5", "\xe2\x82"})
    EXPECT_FALSE(is_utf8(text)) << printable(text);
}

TEST(Printable, ObeysNoControlBytes) {
  EXPECT_EQ(printable("\x1b[2Jred\n"), "\\x1b[2Jred\\x0a");
  EXPECT_EQ(printable("caf\xe9 \xc3\xa9"), "caf\\xe9 \xc3\xa9");
  EXPECT_EQ(printable("\xc2\x9b"), "\\xc2\\x9b");  // a terminal takes it for an escape
  EXPECT_EQ(printable(std::string(1000, 'x'), 10), "xxxxxxxxxx...");
}

}  // namespace
}  // namespace warmstart
