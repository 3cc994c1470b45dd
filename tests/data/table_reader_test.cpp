#include "data/table_reader.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/io/file.h>
#include <arrow/table.h>
#include <gtest/gtest.h>
#include <parquet/arrow/writer.h>

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

TEST(ReadTable, ReadsParquetOfAnyTypeAndSeveralFiles) {
  const TemporaryFolder folder;
  arrow::Int64Builder ids;
  arrow::DoubleBuilder values;
  ASSERT_TRUE(ids.AppendValues({7, 8}).ok() && values.Append(1.5).ok() && values.AppendNull().ok());
  const auto schema = arrow::schema({arrow::field("id", arrow::int64()), arrow::field("value", arrow::float64())});
  const auto table = arrow::Table::Make(schema, {ids.Finish().ValueOrDie(), values.Finish().ValueOrDie()});
  for (const auto* name : {"1.parquet", "2.parquet"}) {
    auto out = arrow::io::FileOutputStream::Open((folder.path() / name).string()).ValueOrDie();
    ASSERT_TRUE(parquet::arrow::WriteTable(*table, arrow::default_memory_pool(), out).ok());
    ASSERT_TRUE(out->Close().ok());
  }
  Rejections rejections(OnError::kFail);
  const auto result = read(table_of(folder.path() / "*.parquet"), {"value", "id"}, rejections);
  EXPECT_EQ(result.rows, (std::vector<std::string>{"1.5|7|", "-|8|", "1.5|7|", "-|8|"}));
}

TEST(ReadTable, RefusesWhatCannotBeATable) {
  const TemporaryFolder folder;
  Rejections rejections(OnError::kFail);
  EXPECT_THROW(read(table_of(folder.path() / "missing.csv"), {"a"}, rejections), DataError);
  EXPECT_THROW(read(table_of(folder.write("empty.csv", "")), {"a"}, rejections), DataError);
  EXPECT_THROW(read(table_of(folder.write("header.csv", "a,b\n")), {"a"}, rejections), DataError);
  EXPECT_THROW(read(table_of(folder.write("other.csv", "a,b\n1,2\n")), {"c"}, rejections), DataError);
  EXPECT_THROW(read(table_of(folder.write("bad.parquet", "not parquet")), {"a"}, rejections), DataError);
}

}  // namespace
}  // namespace warmstart
