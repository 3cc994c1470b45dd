#include "data/table_reader.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/io/compressed.h>
#include <arrow/io/file.h>
#include <arrow/io/memory.h>
#include <arrow/table.h>
#include <arrow/util/compression.h>
#include <gtest/gtest.h>
#include <parquet/arrow/writer.h>
#include <sys/stat.h>

#include <algorithm>
#include <cmath>

#include "base/errors.h"
#include "data/parquet_column.h"
#include "tests/support/temporary_folder.h"

namespace warmstart {
namespace {

struct Read {
  std::vector<std::string> rows;  // cells followed by '|', "-" for a missing one, '+' behind each element of a list
  std::vector<std::int64_t> lines;
  std::int64_t count = 0;
};

Read read(const TableOptions& table, const std::vector<std::string>& columns, Rejections& rejections) {
  Read result;
  result.count = read_table(table, columns, rejections, [&](const TableRow& row) {
    std::string text;
    for (std::size_t i = 0; i < row.cells.size(); ++i) {
      text += std::string(row.cells[i].value_or(row.lists[i] ? "" : "-"));
      for (const auto element : row.lists[i].value_or(std::vector<std::string_view>()))
        text += std::string(element) + "+";
      text += "|";
    }
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

TEST(ReadTable, TakesTheSeparatorFromTheHeaderWhenAskedTo) {
  const TemporaryFolder folder;
  Rejections rejections(OnError::kFail);
  EXPECT_EQ(read(table_of(folder.write("t.tsv", "a\tb,c\n1\t2,3\n"), "auto"), {"b,c"}, rejections).rows,
            (std::vector<std::string>{"2,3|"}));
  EXPECT_EQ(read(table_of(folder.write("t.csv", "a,b\n1,\"2,3\"\n"), "auto"), {"b"}, rejections).rows,
            (std::vector<std::string>{"2,3|"}));
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

template <typename Builder, typename... Values>
std::shared_ptr<arrow::Array> column_of(Builder&& builder, const Values&... values) {
  EXPECT_TRUE((builder.Append(values).ok() && ...));
  return builder.Finish().ValueOrDie();
}

// The rows of a table with the one column `values`.
std::vector<std::string> rows_of(const std::shared_ptr<arrow::Array>& values, const TableOptions& options = {}) {
  const TemporaryFolder folder;
  write_parquet(folder.path() / "t.parquet", {arrow::field("x", values->type())}, {values});
  auto table = options;
  table.files = {(folder.path() / "t.parquet").string()};
  Rejections rejections(OnError::kFail);
  return read(table, {"x"}, rejections).rows;
}

TEST(ReadTable, ReadsParquetOfEveryFlatType) {
  using Rows = std::vector<std::string>;
  auto* const pool = arrow::default_memory_pool();
  EXPECT_EQ(rows_of(column_of(arrow::BooleanBuilder(), true, false)), (Rows{"1|", "0|"}));
  EXPECT_EQ(rows_of(column_of(arrow::Decimal128Builder(arrow::decimal128(9, 2)), arrow::Decimal128(1250),
                              arrow::Decimal128(-1))),
            (Rows{"12.50|", "-0.01|"}));
  EXPECT_EQ(rows_of(column_of(arrow::StringDictionaryBuilder(), "red", "blue", "red")),
            (Rows{"red|", "blue|", "red|"}));
  EXPECT_EQ(rows_of(column_of(arrow::Date32Builder(), 18262)), (Rows{"2020-01-01|"}));
  const auto in = [&](arrow::TimeUnit::type unit, const std::string& zone, std::int64_t ticks) {
    return rows_of(column_of(arrow::TimestampBuilder(arrow::timestamp(unit, zone), pool), ticks));
  };
  EXPECT_EQ(in(arrow::TimeUnit::MILLI, "", 1577836800123), (Rows{"2020-01-01 00:00:00.123|"}));
  EXPECT_EQ(in(arrow::TimeUnit::NANO, "", 1577836800123456789), (Rows{"2020-01-01 00:00:00.123456789|"}));
  EXPECT_EQ(in(arrow::TimeUnit::MICRO, "Europe/Berlin", 1577836800000001), (Rows{"2020-01-01 00:00:00.000001|"}));
  EXPECT_EQ(rows_of(column_of(arrow::DoubleBuilder(), NAN, -INFINITY)), (Rows{"nan|", "-inf|"}));
  EXPECT_EQ(rows_of(column_of(arrow::StringBuilder(), "", "x")), (Rows{"-|", "x|"}));
  TableOptions options;
  options.null_values = {"nan", "-1"};
  EXPECT_EQ(rows_of(column_of(arrow::DoubleBuilder(), NAN, -1.0, 2.0), options), (Rows{"-|", "-|", "2|"}));
}

std::shared_ptr<arrow::Array> list_of(const std::shared_ptr<arrow::Array>& elements,
                                      const std::vector<std::int32_t>& offsets) {
  arrow::Int32Builder builder;
  EXPECT_TRUE(builder.AppendValues(offsets).ok());
  return arrow::ListArray::FromArrays(*builder.Finish().ValueOrDie(), *elements).ValueOrDie();
}

TEST(ReadTable, ReadsParquetListsOfMultiColumns) {
  using Rows = std::vector<std::string>;
  TableOptions options;
  options.multi = {"x"};
  options.null_values = {"NA"};
  const auto words = column_of(arrow::StringBuilder(), "a|b", "", "c", "NA");
  EXPECT_EQ(rows_of(list_of(words, {0, 3, 3, 4}), options), (Rows{"a|b+c+|", "|", "|"}));
  EXPECT_EQ(rows_of(list_of(int64s({1, 2, 3}), {0, 1, 3}), options), (Rows{"1+|", "2+3+|"}));
  EXPECT_EQ(rows_of(list_of(column_of(arrow::BooleanBuilder(), true, false), {0, 2}), options), (Rows{"1+0+|"}));
  const ParquetColumn second("t.parquet", "x", list_of(int64s({1, 2, 3}), {0, 1, 3})->Slice(1));
  EXPECT_EQ(second.elements(0), (std::vector<std::string_view>{"2", "3"})) << "of a part of a larger array";
  const TemporaryFolder folder;
  const auto path = folder.path() / "t.parquet";
  const auto list = list_of(words, {0, 4});
  write_parquet(path, {arrow::field("x", list->type())}, {list});
  EXPECT_NE(refusal(path, {"x"}).find("column 'x' is of type list<"), std::string::npos) << refusal(path, {"x"});
  EXPECT_NE(refusal(path, {"x"}).find("name it among the table's multi columns"), std::string::npos);
}

TEST(ReadTable, RefusesAnotherEncodingOfParquet) {
  TableOptions options;
  options.encoding = TextEncoding::kLatin1;
  EXPECT_THROW(rows_of(int64s({1}), options), DataError);
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

TEST(ReadTable, SaysWhatAFileIsThatCannotBeRead) {
  const TemporaryFolder folder;
  const std::pair<std::string, std::string> cases[] = {{"BZh91AY\x01", "decompress it first, with bunzip2"},
                                                       {"PK\x03\x04", "export the sheet as CSV"},
                                                       {"\xff\xfeu\0s\0", "iconv -f utf-16 -t utf-8"}};
  for (const auto& [content, remedy] : cases) {
    const auto found = refusal(folder.write("table.csv", content), {"a"});
    EXPECT_NE(found.find(remedy), std::string::npos) << found;
    EXPECT_TRUE(std::none_of(found.begin(), found.end(), [](char c) { return c >= 0 && c < ' '; })) << found;
  }
}

std::string compressed(const std::string& text, arrow::Compression::type type) {
  const auto codec = arrow::util::Codec::Create(type).ValueOrDie();
  const auto bytes = arrow::io::BufferOutputStream::Create().ValueOrDie();
  const auto out = arrow::io::CompressedOutputStream::Make(codec.get(), bytes).ValueOrDie();
  EXPECT_TRUE(out->Write(text).ok() && out->Close().ok());
  return bytes->Finish().ValueOrDie()->ToString();
}

TEST(ReadTable, UnpacksTextWhateverItsName) {
  const TemporaryFolder folder;
  std::string text =
                  "\xef\xbb\xbf"
                  "a,b\n",
              expected;
  for (int line = 2; line < 300000; ++line) text += std::to_string(line) + ",x\n";
  for (const auto type : {arrow::Compression::GZIP, arrow::Compression::ZSTD}) {
    const auto packed = compressed(text, type);
    Rejections rejections(OnError::kFail);
    const auto result = read(table_of(folder.write("t.csv", packed)), {"b", "a"}, rejections);
    ASSERT_EQ(result.count, 299998);
    EXPECT_EQ(result.rows.back(), "x|299999|");
    EXPECT_EQ(result.lines.back(), 299999);
    // One part behind the other, as 'cat' makes them.
    const auto parts = folder.write("parts.csv", compressed("a,b\n1,2\n", type) + compressed("3,4\n", type));
    EXPECT_EQ(read(table_of(parts), {"a"}, rejections).rows, (std::vector<std::string>{"1|", "3|"}));
    const auto cut = refusal(folder.write("cut.csv", packed.substr(0, packed.size() / 2)), {"a"});
    EXPECT_NE(cut.find("cut.csv: cannot be unpacked, so it is damaged or cut"), std::string::npos) << cut;
    auto damaged = packed;
    for (std::size_t i = packed.size() / 2; i < packed.size(); ++i) damaged[i] = '\x55';
    EXPECT_NE(refusal(folder.write("damaged.csv", damaged), {"a"}), "");
    EXPECT_NE(refusal(folder.write("empty.csv", compressed("", type)), {"a"}).find("is empty"), std::string::npos);
    const auto parquet = refusal(folder.write("parquet.gz", compressed("PAR1 and so on", type)), {"a"});
    EXPECT_NE(parquet.find("is a compressed Parquet file; unpack it"), std::string::npos) << parquet;
  }
}

TEST(ReadTable, ReadsQuotedLineBreaksAndKeepsLineNumbersRight) {
  const TemporaryFolder folder;
  const auto path = folder.write("t.csv", "a,b\n1,2\n3,\"x\ny\"\n5\n7,8\n");
  Rejections rejections(OnError::kSkip);
  const auto result = read(table_of(path), {"a", "b"}, rejections);
  EXPECT_EQ(result.rows, (std::vector<std::string>{"1|2|", "3|x\ny|", "7|8|"}));
  EXPECT_EQ(result.lines, (std::vector<std::int64_t>{2, 3, 6}));
  EXPECT_NE(rejections.summary().find("t.csv:5: 1 fields"), std::string::npos) << rejections.summary();
}

TEST(ReadTable, NamesAQuoteThatStandsAlone) {
  const TemporaryFolder folder;
  const auto path = folder.write("t.csv", "a,b\n1,\"two inches\n3,4\n5,\"six\"\n7,8\n");
  EXPECT_NE(refusal(path, {"a"}).find("t.csv:2: a quoted value goes on to line 4, and text follows the quote"),
            std::string::npos)
      << refusal(path, {"a"});
  Rejections rejections(OnError::kSkip);
  EXPECT_EQ(read(table_of(path), {"a"}, rejections).rows, (std::vector<std::string>{"7|"}));
  const auto fields = folder.write("fields.csv", "a,b\n1,\"x\ny\",z\n");
  EXPECT_NE(refusal(fields, {"a"}).find("fields.csv:2: 3 fields where the header has 2, up to line 3"),
            std::string::npos)
      << refusal(fields, {"a"});
}

TEST(ReadTable, LeavesOutRowsInAnotherEncodingAndSaysHowToReadThem) {
  const TemporaryFolder folder;
  const auto path = folder.write("t.csv", "a,b\n1,x\n2,caf\xe9\n3,y\n");
  EXPECT_NE(refusal(path, {"a", "b"})
                .find("t.csv:3: column 'b': 'caf\\xe9' is not UTF-8; set encoding = latin-1 for this table"),
            std::string::npos)
      << refusal(path, {"a", "b"});
  Rejections rejections(OnError::kSkip);
  EXPECT_EQ(read(table_of(path), {"a", "b"}, rejections).rows, (std::vector<std::string>{"1|x|", "3|y|"}));
  EXPECT_EQ(rejections.rows("not UTF-8"), 1);
  EXPECT_EQ(refusal(path, {"a"}), "");  // a column that nobody asked for may hold anything
  auto table = table_of(path);
  table.encoding = TextEncoding::kLatin1;
  EXPECT_EQ(read(table, {"b"}, rejections).rows, (std::vector<std::string>{"x|", "caf\u00e9|", "y|"}));
}

TEST(ReadTable, CellsThatMeanAMissingValueAreMissing) {
  const TemporaryFolder folder;
  auto table = table_of(folder.write("t.csv", "a,b\nNA,-1\n\"NA\",NAN\n-1.0,\n"));
  table.null_values = {"NA", "-1"};
  Rejections rejections(OnError::kFail);
  EXPECT_EQ(read(table, {"a", "b"}, rejections).rows, (std::vector<std::string>{"-|-|", "-|NAN|", "-1.0|-|"}));
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

// The rows of two parts of a file that meet at `cut`, and where their bad ones are said to stand.
struct Parts {
  std::vector<std::string> rows, bad;
  bool are_sound;  // rows can be told apart from the cut on
};
Parts read_parts(const TableOptions& table, std::int64_t cut) {
  Parts result;
  const std::vector<FilePart> parts = {{table.files[0], 0, cut}, {table.files[0], cut, 1000}};
  for (const auto& part : parts) {
    Rejections rejections(OnError::kSkip);
    read_part(table, part, {"a", "b"}, rejections, [&](const TableRow& row) {
      if (row.cells[1] == "bad") throw BadRow("bad", "it is");
      result.rows.emplace_back(*row.cells[0]);
    });
    const auto left_out = rejections.to_json();
    if (left_out.contains("bad")) result.bad.push_back(left_out["bad"]["first"][0]);
  }
  const auto first = rows_of_part(table, parts[0]), second = rows_of_part(table, parts[1]);
  result.are_sound = !first || first->end == second->start;
  return result;
}

TEST(ReadPart, WhereverATextIsCutEachRowIsReadOnceAndFoundByItsLine) {
  const TemporaryFolder folder;
  for (const std::string end : {"\n", "\r\n", "\r"}) {
    const auto text = "a,b" + end + "1,\"x,\"" + end + end + "2,y" + end + "3,bad" + end + "4,\"z\"\"\"" + end + "5,w";
    const auto path = folder.write("t.csv", text);
    for (std::int64_t cut = 1; cut <= std::ssize(text); ++cut) {
      const auto parts = read_parts(table_of(path), cut);
      EXPECT_TRUE(parts.are_sound) << cut;
      EXPECT_EQ(parts.rows, (std::vector<std::string>{"1", "2", "4", "5"})) << cut;
      EXPECT_EQ(parts.bad, std::vector<std::string>{path.string() + ":5: it is"}) << cut << " " << end.size();
    }
  }
}

TEST(ReadPart, WhereALineBreakIsQuotedSoundCutsAreTold) {
  const TemporaryFolder folder;
  const std::string text = "a,b\n1,x\n2,\"one\ntwo,bad\"\n3,y\n";
  const auto path = folder.write("t.csv", text);
  const auto opens = static_cast<std::int64_t>(text.find('"')), closes = static_cast<std::int64_t>(text.rfind('"'));
  int torn = 0;
  for (std::int64_t cut = 1; cut < std::ssize(text); ++cut) {
    const auto parts = read_parts(table_of(path), cut);
    torn += !parts.are_sound;
    if (parts.are_sound) {
      EXPECT_EQ(parts.rows, (std::vector<std::string>{"1", "2", "3"})) << cut;
    }
    if (cut < opens - 2 || cut > closes) {
      EXPECT_TRUE(parts.are_sound) << cut;
    }
  }
  EXPECT_GT(torn, 3);
}

TEST(ReadPart, ATextWithoutQuotesOfItsOwnCanBeCutAnywhere) {
  const TemporaryFolder folder;
  const auto path = folder.write("t.tsv", "a\tb\n\"1\tx\n2\"\ty\n");
  for (std::int64_t cut = 1; cut < 14; ++cut)
    EXPECT_EQ(read_parts(table_of(path, "tab"), cut).rows, (std::vector<std::string>{"\"1", "2\""})) << cut;
}

}  // namespace
}  // namespace warmstart
