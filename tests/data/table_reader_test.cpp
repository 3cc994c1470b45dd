#include "data/table_reader.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/io/file.h>
#include <arrow/table.h>
#include <gtest/gtest.h>
#include <parquet/arrow/writer.h>
#include <sys/stat.h>

#include <algorithm>

#include "base/errors.h"
#include "tests/support/temporary_folder.h"

namespace warmstart {
namespace {

struct Read {
  std::vector<std::string> rows;  // cells joined by '|', "-" for a missing one
  std::vector<std::int64_t> lines;
  std::int64_t count = 0;
};

Read read(const TableOptions& table, const std::vector<std::string>& columns, Rejections& rejections) {
  Read result;
  result.count = read_table(table, columns, rejections, [&](const TableRow& row) {
    std::string text;
    for (const auto& cell : row.cells) text += std::string(cell.value_or("-")) + "|";
    result.rows.push_back(text);
    result.lines.push_back(row.place.line);
  });
  return result;
}

TableOptions table_of(const std::filesystem::path& path, const std::string& separator = ",") {
  TableOptions table;
  table.files = {path.string()};
  table.separator = separator;
  return table;
}

TEST(ReadTable, GivesColumnsInTheOrderAskedForWithLineNumbers) {
  const TemporaryFolder folder;
  Rejections rejections(OnError::kFail);
  const auto result = read(table_of(folder.write("t.csv", "a,b,c\n1,2,3\n\n4,,6\n")), {"c", "b"}, rejections);
  EXPECT_EQ(result.rows, (std::vector<std::string>{"3|2|", "6|-|"}));
  EXPECT_EQ(result.lines, (std::vector<std::int64_t>{2, 4}));
}

TEST(ReadTable, CountsRowsOfTheWrongLengthAndKeepsLineNumbersRight) {
  const TemporaryFolder folder;
  Rejections rejections(OnError::kSkip);
  const auto result = read(table_of(folder.write("t.csv", "a,b\n1,2\n3\n5,6\n7,8,9\n10,11\n12\n")), {"a"}, rejections);
  EXPECT_EQ(result.rows, (std::vector<std::string>{"1|", "5|", "10|"}));
  EXPECT_EQ(result.lines, (std::vector<std::int64_t>{2, 4, 6}));
  EXPECT_EQ(result.count, 6);
  EXPECT_EQ(rejections.rows("too few fields"), 2);
  EXPECT_EQ(rejections.rows("too many fields"), 1);
  EXPECT_NE(rejections.to_json()["too few fields"]["first"][0].get<std::string>().find("t.csv:3:"), std::string::npos);
}

TEST(ReadTable, ReadsTabsWithoutQuoting) {
  const TemporaryFolder folder;
  Rejections rejections(OnError::kFail);
  const auto result = read(table_of(folder.write("t.tsv", "a\tb\n\"x\ty\"\n"), "tab"), {"a", "b"}, rejections);
  EXPECT_EQ(result.rows, (std::vector<std::string>{"\"x|y\"|"}));
}

TEST(ReadTable, LinesStayRightAcrossManyBlocks) {
  const TemporaryFolder folder;
  std::string text = "a,b\n";
  for (int line = 2; line < 900000; ++line) text += line % 1000 == 0 ? "short\n" : std::to_string(line) + ",x\n";
  Rejections rejections(OnError::kSkip);
  const auto result = read(table_of(folder.write("t.csv", text)), {"a"}, rejections);
  ASSERT_GT(text.size(), 7u << 20);  // two blocks
  for (std::size_t i = 0; i < result.rows.size(); ++i) ASSERT_EQ(result.rows[i], std::to_string(result.lines[i]) + "|");
  EXPECT_EQ(rejections.rows("too few fields"), 899);
}

std::shared_ptr<arrow::Array> int64s(const std::vector<std::int64_t>& values) {
  arrow::Int64Builder builder;
  EXPECT_TRUE(builder.AppendValues(values).ok());
  return builder.Finish().ValueOrDie();
}

void write_parquet(const std::filesystem::path& path, const arrow::FieldVector& fields,
                   const arrow::ArrayVector& columns) {
  auto out = arrow::io::FileOutputStream::Open(path.string()).ValueOrDie();
  ASSERT_TRUE(
      parquet::arrow::WriteTable(*arrow::Table::Make(arrow::schema(fields), columns), arrow::default_memory_pool(), out)
          .ok());
  ASSERT_TRUE(out->Close().ok());
}

std::string refusal(const std::filesystem::path& path, const std::vector<std::string>& columns) {
  Rejections rejections(OnError::kFail);
  try {
    read(table_of(path), columns, rejections);
    return "";
  } catch (const DataError& error) {
    return error.what();
  }
}

TEST(ReadTable, ReadsParquetOfAnyTypeAndSeveralFiles) {
  const TemporaryFolder folder;
  arrow::DoubleBuilder values;
  ASSERT_TRUE(values.Append(1.5).ok() && values.AppendNull().ok());
  const auto numbers = values.Finish().ValueOrDie();
  for (const auto* name : {"1.parquet", "2.parquet"}) {
    write_parquet(folder.path() / name, {arrow::field("id", arrow::int64()), arrow::field("value", arrow::float64())},
                  {int64s({7, 8}), numbers});
  }
  Rejections rejections(OnError::kFail);
  const auto result = read(table_of(folder.path() / "*.parquet"), {"value", "id"}, rejections);
  EXPECT_EQ(result.rows, (std::vector<std::string>{"1.5|7|", "-|8|", "1.5|7|", "-|8|"}));
}

TEST(ReadTable, ReadsParquetColumnsBehindNestedOnesAndRefusesThose) {
  const TemporaryFolder folder;
  const auto pair =
      arrow::StructArray::Make({int64s({1, 2}), int64s({3, 4})}, std::vector<std::string>{"x", "y"}).ValueOrDie();
  const auto path = folder.path() / "nested.parquet";
  write_parquet(path, {arrow::field("pair", pair->type()), arrow::field("id", arrow::int64())}, {pair, int64s({7, 8})});
  Rejections rejections(OnError::kFail);
  EXPECT_EQ(read(table_of(path), {"id"}, rejections).rows, (std::vector<std::string>{"7|", "8|"}));
  EXPECT_NE(
      refusal(path, {"id", "pair"}).find("column 'pair' is of type struct<x: int64, y: int64>, which holds others"),
      std::string::npos)
      << refusal(path, {"id", "pair"});
}

TEST(ReadTable, KnowsParquetByItsContent) {
  const TemporaryFolder folder;
  write_parquet(folder.path() / "TABLE.PARQUET", {arrow::field("id", arrow::int64())}, {int64s({7})});
  for (const auto* name : {"table.pq", "table.csv"})
    std::filesystem::copy(folder.path() / "TABLE.PARQUET", folder.path() / name);
  for (const auto* name : {"TABLE.PARQUET", "table.pq", "table.csv"}) {
    Rejections rejections(OnError::kFail);
    EXPECT_EQ(read(table_of(folder.path() / name), {"id"}, rejections).rows, (std::vector<std::string>{"7|"})) << name;
  }
  std::filesystem::resize_file(folder.path() / "table.pq", 40);
  EXPECT_NE(refusal(folder.path() / "table.pq", {"id"}).find("is no complete Parquet file"), std::string::npos);
}

TEST(ReadTable, SaysHowToUnpackWhatIsCompressed) {
  const TemporaryFolder folder;
  const std::pair<std::string, std::string> cases[] = {{"\x1f\x8b\x08 and so on", "decompress it first, with gunzip"},
                                                       {"\x28\xb5\x2f\xfd", "decompress it first, with unzstd"},
                                                       {"PK\x03\x04", "export the sheet as CSV"},
                                                       {"\xff\xfeu\0s\0", "iconv -f utf-16 -t utf-8"}};
  for (const auto& [content, remedy] : cases) {
    const auto found = refusal(folder.write("table.csv", content), {"a"});
    EXPECT_NE(found.find(remedy), std::string::npos) << found;
    EXPECT_TRUE(std::none_of(found.begin(), found.end(), [](char c) { return c >= 0 && c < ' '; })) << found;
  }
}

TEST(ReadTable, LeavesOutRowsWithAQuotedLineBreakAndSaysWhere) {
  const TemporaryFolder folder;
  const auto path = folder.write("t.csv", "a,b\n1,2\n3,\"x\ny\"\n5\n7,8\n");
  EXPECT_NE(refusal(path, {"a"}).find("t.csv:3: a quoted value goes on to line 4; replace its line breaks"),
            std::string::npos);
  Rejections rejections(OnError::kSkip);
  const auto result = read(table_of(path), {"a"}, rejections);
  EXPECT_EQ(result.rows, (std::vector<std::string>{"1|", "7|"}));
  EXPECT_EQ(result.lines, (std::vector<std::int64_t>{2, 6}));
  EXPECT_EQ(rejections.rows("line break in a quoted value"), 1);
  EXPECT_NE(rejections.summary().find("t.csv:5: 1 fields"), std::string::npos) << rejections.summary();
}

TEST(ReadTable, LeavesOutRowsInAnotherEncodingAndSaysHowToConvert) {
  const TemporaryFolder folder;
  const auto path = folder.write("t.csv", "a,b\n1,x\n2,caf\xe9\n3,y\n");
  EXPECT_NE(refusal(path, {"a", "b"})
                .find("t.csv:3: column 'b': 'caf\\xe9' is not UTF-8; convert the file, as from "
                      "Latin-1 with: iconv -f latin1 -t utf-8"),
            std::string::npos);
  Rejections rejections(OnError::kSkip);
  EXPECT_EQ(read(table_of(path), {"a", "b"}, rejections).rows, (std::vector<std::string>{"1|x|", "3|y|"}));
  EXPECT_EQ(rejections.rows("not UTF-8"), 1);
  EXPECT_EQ(refusal(path, {"a"}), "");  // a column that nobody asked for may hold anything
}

TEST(ReadTable, LeavesOutCellsWithZeroBytes) {
  const TemporaryFolder folder;
  const auto path = folder.write("t.csv", std::string("a\nx\ny\0z\n", 8));
  EXPECT_NE(refusal(path, {"a"}).find("t.csv:3: column 'a': 'y\\x00z' holds a zero byte"), std::string::npos);
}

TEST(ReadTable, RefusesWhatCannotBeATable) {
  const TemporaryFolder folder;
  Rejections rejections(OnError::kFail);
  EXPECT_THROW(read(table_of(folder.path() / "missing.csv"), {"a"}, rejections), DataError);
  EXPECT_THROW(read(table_of(folder.write("empty.csv", "")), {"a"}, rejections), DataError);
  EXPECT_THROW(read(table_of(folder.write("header.csv", "a,b\n")), {"a"}, rejections), DataError);
  EXPECT_THROW(read(table_of(folder.write("other.csv", "a,b\n1,2\n")), {"c"}, rejections), DataError);
  EXPECT_THROW(read(table_of(folder.write("twice.csv", "a,a\n1,2\n")), {"a"}, rejections), DataError);
  EXPECT_THROW(read(table_of(folder.path()), {"a"}, rejections), DataError);
  EXPECT_THROW(read(table_of("/dev/zero"), {"a"}, rejections), DataError);
  ASSERT_EQ(mkfifo((folder.path() / "pipe.csv").c_str(), 0600), 0);
  EXPECT_THROW(read(table_of(folder.path() / "pipe.csv"), {"a"}, rejections), DataError);
  EXPECT_THROW(read(table_of(folder.write("quote.csv", "a,b\n1,2\n"), "\""), {"a"}, rejections), UsageError);
  EXPECT_THROW(read(table_of(folder.write("bad.parquet", "not parquet")), {"a"}, rejections), DataError);
}

}  // namespace
}  // namespace warmstart
