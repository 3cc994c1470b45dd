#include "base/text.h"

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

TEST(Printable, LeavesTextAndTellsControlCharacters) {
  EXPECT_EQ(printable("schön, 東京 🙂"), "schön, 東京 🙂");
  EXPECT_EQ(printable("a\nb\x1b[2J\x7f"), "a\\x0ab\\x1b[2J\\x7f");
  EXPECT_EQ(printable(std::string_view("\0", 1)), "\\x00");
  EXPECT_EQ(printable("\xc2\x9b"
                      "31m"),
            "\\u009b31m");  // the control sequence introducer as one character
}

TEST(Printable, TellsBytesThatAreNotUtf8) {
  EXPECT_EQ(printable("caf\xe9"), "caf\\xe9");
  EXPECT_EQ(printable("\xc0\xaf"), "\\xc0\\xaf");                    // an overlong slash
  EXPECT_EQ(printable("\xed\xa0\x80"), "\\xed\\xa0\\x80");           // a surrogate
  EXPECT_EQ(printable("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");  // beyond U+10FFFF
  EXPECT_EQ(printable("\xe6\x9d"), "\\xe6\\x9d");                    // cut
}

TEST(Printable, CutsWhatIsLong) { EXPECT_EQ(printable(std::string(100, 'x'), 10), std::string(10, 'x') + "..."); }

}  // namespace
}  // namespace warmstart
