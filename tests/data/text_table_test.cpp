#include "data/text_table.h"

#include <gtest/gtest.h>

#include "base/errors.h"
#include "tests/support/temporary_folder.h"

namespace warmstart {
namespace {

class TextTableTest : public testing::Test {
 protected:
  // Each row as "line: field|field|".
  std::vector<std::string> rows(const std::string& content, char separator = ',') {
    TextTable table(folder.write("table.csv", content).string(), separator);
    std::vector<std::string> rows;
    while (table.next()) {
      rows.push_back(std::to_string(table.line()) + ": ");
      for (const auto field : table.fields()) rows.back() += std::string(field) + "|";
    }
    return rows;
  }
  std::string refusal(const std::string& content) {
    try {
      rows(content);
      return "";
    } catch (const DataError& error) {
      return error.what();
    }
  }
  TemporaryFolder folder;
};

TEST_F(TextTableTest, LinesEndInAnyWay) {
  const std::vector<std::string> expected = {"2: 1|2|", "3: |", "4: 3|4|"};
  for (const auto* content : {"a,b\n1,2\n\n3,4", "a,b\r\n1,2\r\n\r\n3,4\r\n", "a,b\r1,2\r\r3,4\r"})
    EXPECT_EQ(rows(content), expected) << content;
}

TEST_F(TextTableTest, QuotedFieldsHoldSeparatorsAndDoubledQuotes) {
  EXPECT_EQ(rows("a,b\n\"x,y\",\"say \"\"hi\"\"\"\nplain \"q\",\"\"\n"),
            (std::vector<std::string>{"2: x,y|say \"hi\"|", "3: plain \"q\"||"}));
  EXPECT_EQ(rows("a\tb\n\"x\ty\"\n", '\t'), (std::vector<std::string>{"2: \"x|y\"|"}));
}

TEST_F(TextTableTest, LaterLinesAreRightAfterAQuotedLineBreak) {
  EXPECT_EQ(rows("a,b\n1,\"two\nlines\"\n3,4\n\"x\r\ny\",z\n5,6\n"),
            (std::vector<std::string>{"2: 1|two\nlines|", "4: 3|4|", "5: x\ny|z|", "7: 5|6|"}));
}

TEST_F(TextTableTest, ALineBreakMayFallBetweenTwoPieces) {
  // The \r is the last byte of the first megabyte, the \n the first of the second.
  std::string content = "a,b\r\n";
  content += std::string((1 << 20) - content.size() - 3, 'x') + ",y\r\n1,2\r\n";
  ASSERT_EQ(content[(1 << 20) - 1], '\r');
  const auto read = rows(content);
  ASSERT_EQ(read.size(), 2u);
  EXPECT_EQ(read[1], "3: 1|2|");
}

TEST_F(TextTableTest, AByteOrderMarkIsNoPartOfTheFirstName) {
  const TextTable table(folder.write("table.csv", "\xef\xbb\xbfuser,item\n1,2\n").string(), ',');
  EXPECT_EQ(table.header(), (std::vector<std::string>{"user", "item"}));
  const TextTable quoted(folder.write("table.csv", "\xef\xbb\xbf\"user,key\",item\n1,2\n").string(), ',');
  EXPECT_EQ(quoted.header(), (std::vector<std::string>{"user,key", "item"}));
}

TEST_F(TextTableTest, Latin1IsReadAsUtf8) {
  TextTable table(folder.write("table.csv", "caf\xe9,\"a\xff,b\"\nx\xa3,\x80\n").string(), ',', TextEncoding::kLatin1);
  EXPECT_EQ(table.header(), (std::vector<std::string>{"caf\u00e9", "a\u00ff,b"}));
  ASSERT_TRUE(table.next());
  EXPECT_EQ(table.fields()[0], "x\u00a3");
  EXPECT_EQ(table.fields()[1], "\xc2\x80");
  const auto marked = folder.write("marked.csv", "\xef\xbb\xbfuser\n1\n").string();
  EXPECT_THROW(TextTable(marked, ',', TextEncoding::kLatin1), DataError);
}

TEST_F(TextTableTest, WhatNeverEndsIsRefusedWhereItStarts) {
  EXPECT_NE(refusal("a,b\n1,2\n3,\"open\n5,6\n").find("table.csv:3: the quote that opens here never closes"),
            std::string::npos);
  EXPECT_NE(refusal("a,b\n1,2\n" + std::string(5 << 20, 'x')).find("table.csv:3: the row that starts here is longer"),
            std::string::npos);
  EXPECT_NE(refusal("a,b\n\"" + std::string(5 << 20, '\n')).find("table.csv:2: the row that starts here is longer"),
            std::string::npos);
}

TEST_F(TextTableTest, AHeaderInAnotherEncodingIsRefusedWithTheRemedy) {
  EXPECT_NE(refusal("caf\xe9,b\n1,2\n")
                .find("table.csv:1: the header's 'caf\\xe9' is not UTF-8 text; set encoding = latin-1"),
            std::string::npos);
}

}  // namespace
}  // namespace warmstart
