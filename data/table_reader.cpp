#include "data/table_reader.h"

#include <arrow/io/file.h>
#include <arrow/memory_pool.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <glob.h>
#include <parquet/arrow/reader.h>
#include <parquet/arrow/schema.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>
#include <unistd.h>

#include <algorithm>
#include <exception>
#include <filesystem>

#include "base/errors.h"
#include "base/regular_file.h"
#include "base/text.h"
#include "data/parquet_column.h"
#include "data/text_table.h"

namespace warmstart {
namespace {

constexpr std::int64_t kNowhere = -1;
constexpr auto kEndOfFile = std::numeric_limits<std::int64_t>::max();

// Arrow asks for as much as a file says that it holds.
constexpr std::int64_t kMostParquetBytes = std::int64_t{1} << 30;

[[noreturn]] void fail(const std::string& file, std::string_view what) {
  throw DataError(fmt::format("{}: {}", file, printable(what, 300)));
}

template <typename T>
T value_or_fail(const std::string& file, arrow::Result<T> result) {
  if (!result.ok()) fail(file, result.status().message());
  return std::move(result).ValueUnsafe();
}

// What Parquet's library throws or returns, as a DataError.
template <typename Call>
auto parquet_or_fail(const std::string& file, Call call) {
  try {
    return value_or_fail(file, call());
  } catch (const DataError&) {
    throw;
  } catch (const std::exception& error) {
    fail(file, fmt::format("cannot be read as Parquet: {}", error.what()));
  }
}

std::string listed(const std::vector<std::string>& columns) {
  return printable(fmt::format("{}", fmt::join(columns, ", ")), 1000);
}

// Where the `columns` stand among those `present`.
std::vector<std::size_t> places_of(const std::string& file, const std::vector<std::string>& columns,
                                   const std::vector<std::string>& present) {
  std::vector<std::size_t> places;
  for (const auto& column : columns) {
    const auto found = std::find(present.begin(), present.end(), column);
    if (found == present.end())
      throw DataError(fmt::format("{}: has no column '{}'; its columns are: {}", file, column, listed(present)));
    if (std::find(found + 1, present.end(), column) != present.end())
      throw DataError(fmt::format("{}: has two columns '{}'; rename one", file, column));
    places.push_back(static_cast<std::size_t>(found - present.begin()));
  }
  return places;
}

bool is_tab(const std::string& separator) { return separator == "tab" || separator == "\\t"; }

void check_separator(const std::string& separator) {
  if (is_tab(separator) || separator == "auto") return;
  const bool sound =
      separator.size() == 1 && separator[0] >= 0 && std::string_view("\"\r\n").find(separator) == std::string::npos;
  require(sound, fmt::format("separator = '{}' is neither one ASCII character, other than a quote, nor 'tab' or 'auto'",
                             printable(separator)));
}

// Of text.
char separator_of(const TableOptions& table, const std::string& file) {
  if (table.separator == "auto") return separator_in_header(file, table.encoding);
  return is_tab(table.separator) ? '\t' : table.separator[0];
}

// What a file is by its first and last bytes, whatever its name.
enum class Format { kText, kParquet };
Format format_of(const std::string& file) {
  RegularFile input(file);
  char first[8] = {}, last[4] = {};
  const std::string_view start(first, input.read(first, sizeof first));
  const auto is = [&](std::string_view magic) { return start.starts_with(magic); };
  const auto refuse = [&](const char* what, const char* remedy) {
    throw DataError(fmt::format("{}: is {}, not a table as text or Parquet; {}", file, what, remedy));
  };
  if (is("BZh")) refuse("compressed with bzip2", "decompress it first, with bunzip2, or compress it with gzip or zstd");
  if (is("\xfd"
         "7zXZ"))
    refuse("compressed with xz", "decompress it first, with unxz, or compress it with gzip or zstd");
  if (is("\x04\x22\x4d\x18"))
    refuse("compressed with LZ4", "decompress it first, with unlz4, or compress it with gzip or zstd");
  if (is("PK\x03\x04")) refuse("a zip archive or a spreadsheet", "unpack it, or export the sheet as CSV");
  if (is("ARROW1")) refuse("an Arrow or Feather file", "write it as Parquet");
  if (is("\x89HDF")) refuse("an HDF5 file", "write it as Parquet");
  if (is("\xff\xfe") || is("\xfe\xff")) refuse("text in UTF-16", "convert it, with: iconv -f utf-16 -t utf-8");
  const auto name = std::filesystem::path(file).extension();
  const bool named_so = name == ".parquet" || name == ".pq";
  if (!is("PAR1") && !named_so) return Format::kText;
  const auto ending = pread(input.descriptor(), last, sizeof last, static_cast<off_t>(input.bytes()) - 4);
  if (!is("PAR1") || input.bytes() < 12 || std::string_view(last, ending > 0 ? 4 : 0) != "PAR1")
    throw DataError(
        fmt::format("{}: is no complete Parquet file: it must start and end with PAR1; make it anew", file));
  return Format::kParquet;
}

class TableFile {
 public:
  TableFile(const FilePart& part, const TableOptions& table, const std::vector<std::string>& columns,
            Rejections& rejections, const std::function<void(const TableRow&)>& handle)
      : part_(part), file_(part.file), table_(table), columns_(columns), rejections_(rejections), handle_(handle) {
    row_.place.file = file_;
    row_.cells.resize(columns.size());
    row_.lists.resize(columns.size());
  }

  std::int64_t read() {
    check_separator(table_.separator);
    if (format_of(file_) == Format::kParquet) {
      read_parquet();
    } else {
      read_text(separator_of(table_, file_));
    }
    return rows_;
  }

 private:
  void read_text(char separator) {
    TextTable text(file_, separator, table_.encoding);
    const auto places = places_of(file_, columns_, text.header());
    if (text.is_compressed() && part_.begin > 0) return;
    const auto end = text.is_compressed() ? kEndOfFile : part_.end;
    text.go_to(part_.begin);
    lines_before_ = [&] { return text.line() - text.own_line(); };
    while (text.next() && text.start() < end) {
      if (text.blank()) continue;
      row_.bytes_read = text.bytes_read() - part_.begin;
      handle(text.own_line(), [&] {
        check_shape(text);
        for (std::size_t i = 0; i < places.size(); ++i) row_.cells[i] = known(text.fields()[places[i]]);
      });
    }
  }

  static void check_shape(const TextTable& text) {
    // A quote that stands alone takes in all up to the next one, which opens a field.
    if (text.lines() > 1 && text.text_after_quote()) {
      throw BadRow("quote that stands alone",
                   fmt::format("a quoted value goes on to line {}, and text follows the quote that closes it; remove a "
                               "quote that stands alone",
                               text.line() + text.lines() - 1));
    }
    const auto found = text.fields().size(), expected = text.header().size();
    if (found == expected) return;
    const auto end = text.line() + text.lines() - 1;
    throw BadRow(
        found < expected ? "too few fields" : "too many fields",
        fmt::format("{} fields where the header has {}{}", found, expected,
                    text.lines() > 1 ? fmt::format(", up to line {}, where its last quoted value ends", end) : ""));
  }

  // Nothing for a cell that means a missing value.
  std::optional<std::string_view> known(std::optional<std::string_view> cell) const {
    if (!cell || cell->empty() || std::ranges::count(table_.null_values, *cell) > 0) return std::nullopt;
    return cell;
  }

  void read_parquet() {
    if (table_.encoding != TextEncoding::kUtf8)
      fail(file_, "is Parquet, whose text is UTF-8; encoding = latin-1 is for tables of text alone");
    arrow::CappedMemoryPool pool(arrow::default_memory_pool(), kMostParquetBytes);
    const auto input = value_or_fail(file_, arrow::io::ReadableFile::Open(file_));
    const auto reader = parquet_or_fail(file_, [&] { return parquet::arrow::OpenFile(input, &pool); });
    const auto& metadata = *reader->parquet_reader()->metadata();
    const auto groups = own_groups(metadata);
    for (const auto group : groups) rows_of_part_ += metadata.RowGroup(group)->num_rows();
    const auto leaves = leaves_of(reader->manifest().schema_fields);
    const auto batches = parquet_or_fail(file_, [&] { return reader->GetRecordBatchReader(groups, leaves); });
    while (const auto batch = parquet_or_fail(file_, [&] { return batches->Next(); })) handle_batch(*batch);
  }

  // The row groups that start in the part; notes how many rows stand before them.
  std::vector<int> own_groups(const parquet::FileMetaData& metadata) {
    const auto bytes = static_cast<std::int64_t>(std::filesystem::file_size(file_));
    const auto count = metadata.num_row_groups();
    std::vector<int> groups;
    std::int64_t rows_before = 0;
    for (int group = 0; group < count; ++group) {
      const auto start = static_cast<std::int64_t>(static_cast<double>(bytes) * group / count);
      if (start >= part_.begin && start < part_.end) groups.push_back(group);
      if (start < part_.begin) rows_before += metadata.RowGroup(group)->num_rows();
    }
    lines_before_ = [=] { return rows_before; };
    return groups;
  }

  std::vector<int> leaves_of(const std::vector<parquet::arrow::SchemaField>& fields) const {
    std::vector<std::string> names;
    names.reserve(fields.size());
    for (const auto& field : fields) names.push_back(field.field->name());
    const auto places = places_of(file_, columns_, names);
    std::vector<int> leaves;
    for (std::size_t i = 0; i < columns_.size(); ++i)
      leaves.push_back(leaf_of(file_, fields[places[i]], std::ranges::count(table_.multi, columns_[i]) > 0));
    return leaves;
  }

  void handle_batch(const arrow::RecordBatch& batch) {
    std::vector<ParquetColumn> columns;
    for (const auto& name : columns_) {
      const auto column = batch.GetColumnByName(name);
      if (!column) fail(file_, fmt::format("has two columns '{}'", name));
      columns.emplace_back(file_, name, column);
    }
    row_.bytes_read = static_cast<std::int64_t>(static_cast<double>(bytes_of(part_)) * static_cast<double>(rows_) /
                                                static_cast<double>(rows_of_part_));
    for (std::int64_t i = 0; i < batch.num_rows(); ++i) {
      handle(rows_ + 1, [&] {
        for (std::size_t c = 0; c < columns.size(); ++c) take(columns[c], i, c);
      });
    }
  }

  void take(const ParquetColumn& column, std::int64_t row, std::size_t place) {
    if (!column.is_list()) {
      row_.cells[place] = known(column.text(row));
      return;
    }
    auto& list = row_.lists[place].emplace();
    for (const auto element : column.elements(row)) {
      if (known(element)) list.push_back(element);
    }
  }

  // Gives the row at `line` to the caller once `fill` has put its cells there.
  template <typename Fill>
  void handle(std::int64_t line, Fill fill) {
    row_.place.line = line;
    ++rows_;
    try {
      fill();
      check_cells();
      handle_(row_);
    } catch (const BadRow& bad) {
      rejections_.add(Place{file_, line + lines_before_()}, bad);
    }
  }

  void check_cells() const {
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      if (row_.cells[i]) check_text(columns_[i], *row_.cells[i]);
      if (!row_.lists[i]) continue;
      for (const auto element : *row_.lists[i]) check_text(columns_[i], element);
    }
  }

  static void check_text(const std::string& column, std::string_view cell) {
    if (std::none_of(cell.begin(), cell.end(), [](char c) { return c <= 0; })) return;
    if (!is_utf8(cell)) {
      throw BadRow("not UTF-8",
                   fmt::format("column '{}': '{}' is not UTF-8; {}", column, printable(cell), kEncodingRemedy));
    }
    if (cell.find('\0') != std::string_view::npos)
      throw BadRow("zero byte", fmt::format("column '{}': '{}' holds a zero byte", column, printable(cell)));
  }

  const FilePart& part_;
  std::string file_;
  std::function<std::int64_t()> lines_before_;  // how many lines or rows the file has before the part
  const TableOptions& table_;
  const std::vector<std::string>& columns_;
  Rejections& rejections_;
  const std::function<void(const TableRow&)>& handle_;
  TableRow row_;
  std::int64_t rows_ = 0;
  std::int64_t rows_of_part_ = 0;  // of Parquet
};

}  // namespace

std::vector<std::string> expand_files(const std::vector<std::string>& patterns) {
  std::vector<std::string> files;
  for (const auto& pattern : patterns) {
    glob_t found{};
    // A name with brackets may be just that.
    if (std::filesystem::exists(pattern)) {
      files.push_back(pattern);
      continue;
    }
    const int result = glob(pattern.c_str(), 0, nullptr, &found);
    for (std::size_t i = 0; result == 0 && i < found.gl_pathc; ++i) files.emplace_back(found.gl_pathv[i]);
    globfree(&found);
    if (result != 0) throw DataError(fmt::format("{}: no such file", printable(pattern, 1000)));
  }
  return files;
}

std::int64_t read_table(const TableOptions& table, const std::vector<std::string>& columns, Rejections& rejections,
                        const std::function<void(const TableRow&)>& handle) {
  std::int64_t rows = 0;
  for (const auto& file : expand_files(table.files)) {
    const auto of_file = read_part(table, {file}, columns, rejections, handle);
    if (of_file == 0) throw DataError(fmt::format("{}: has no rows", file));
    rows += of_file;
  }
  return rows;
}

std::int64_t bytes_of(const FilePart& part) {
  return std::min(part.end, static_cast<std::int64_t>(std::filesystem::file_size(part.file))) - part.begin;
}

std::int64_t read_part(const TableOptions& table, const FilePart& part, const std::vector<std::string>& columns,
                       Rejections& rejections, const std::function<void(const TableRow&)>& handle) {
  return TableFile(part, table, columns, rejections, handle).read();
}

std::optional<RowSpan> rows_of_part(const TableOptions& table, const FilePart& part) {
  if (part.is_whole() || format_of(part.file) == Format::kParquet) return std::nullopt;
  const auto separator = separator_of(table, part.file);
  TextTable text(part.file, separator, table.encoding);
  if (separator == '\t' || text.is_compressed()) return std::nullopt;
  text.go_to(part.begin);
  try {
    RowSpan span;
    bool any = text.skip();
    span.start = text.start();
    while (any && text.start() < part.end) any = text.skip();
    span.end = text.start();
    return span;
  } catch (const DataError&) {
    // From the middle of a quoted field on, sound text may look damaged.
    return RowSpan{text.start(), kNowhere};
  }
}

}  // namespace warmstart
