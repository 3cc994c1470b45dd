#include "data/table_reader.h"

#include <arrow/array.h>
#include <arrow/compute/cast.h>
#include <arrow/csv/api.h>
#include <arrow/io/file.h>
#include <arrow/record_batch.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <glob.h>
#include <parquet/arrow/reader.h>

#include <algorithm>
#include <deque>
#include <filesystem>
#include <mutex>

#include "base/errors.h"

namespace warmstart {
namespace {

struct InvalidRow {
  std::int64_t line, expected, found;
};

// Rows that Arrow's parser dropped.  It runs ahead on a thread of its own, so
// every invalid row up to a batch is here before the batch is.
class InvalidRows {
 public:
  void add(const arrow::csv::InvalidRow& row) {
    const std::lock_guard lock(mutex_);
    rows_.push_back({row.number, row.expected_columns, row.actual_columns});
  }

  // Takes the row off that stands at `line`, if it was invalid.
  std::optional<InvalidRow> take(std::int64_t line) {
    const std::lock_guard lock(mutex_);
    if (rows_.empty() || rows_.front().line != line) return std::nullopt;
    const auto row = rows_.front();
    rows_.pop_front();
    return row;
  }

 private:
  std::mutex mutex_;
  std::deque<InvalidRow> rows_;
};

[[noreturn]] void fail(const std::string& file, const arrow::Status& status) {
  throw DataError(fmt::format("{}: {}", file, status.message()));
}

template <typename T>
T value_or_fail(const std::string& file, arrow::Result<T> result) {
  if (!result.ok()) fail(file, result.status());
  return std::move(result).ValueUnsafe();
}

void check_columns(const std::string& file, const std::vector<std::string>& columns,
                   const std::vector<std::string>& present) {
  for (const auto& column : columns) {
    if (std::find(present.begin(), present.end(), column) == present.end()) {
      throw DataError(
          fmt::format("{}: has no column '{}'; its columns are: {}", file, column, fmt::join(present, ", ")));
    }
  }
}

char separator_of(const TableOptions& table) {
  if (table.separator == "tab" || table.separator == "\\t") return '\t';
  if (table.separator.size() == 1) return table.separator[0];
  throw UsageError(fmt::format("separator = '{}' is neither one character nor 'tab'", table.separator));
}

class TableFile {
 public:
  TableFile(std::string file, Rejections& rejections, const std::function<void(const TableRow&)>& handle)
      : file_(std::move(file)), rejections_(rejections), handle_(handle) {}

  std::int64_t read(const TableOptions& table, const std::vector<std::string>& columns) {
    row_.place.file = file_;
    row_.cells.resize(columns.size());
    if (std::filesystem::path(file_).extension() == ".parquet") {
      read_parquet(columns);
    } else {
      read_text(separator_of(table), columns);
    }
    if (rows_ == 0) throw DataError(fmt::format("{}: has no rows", file_));
    return rows_;
  }

 private:
  void read_text(char separator, const std::vector<std::string>& columns) {
    next_line_ = 2;
    if (std::filesystem::file_size(file_) == 0) throw DataError(fmt::format("{}: is empty", file_));
    auto parse = arrow::csv::ParseOptions::Defaults();
    parse.delimiter = separator;
    parse.quoting = separator != '\t';  // tab-separated tables do not quote
    parse.ignore_empty_lines = false;   // they count as lines
    parse.invalid_row_handler = [this](const arrow::csv::InvalidRow& row) {
      invalid_.add(row);
      return arrow::csv::InvalidRowResult::Skip;
    };
    check_columns(file_, columns, header(parse));

    auto read = arrow::csv::ReadOptions::Defaults();
    read.use_threads = false;
    read.block_size = 4 << 20;
    auto convert = arrow::csv::ConvertOptions::Defaults();
    convert.include_columns = columns;
    convert.null_values = {""};
    convert.strings_can_be_null = true;
    for (const auto& column : columns) convert.column_types[column] = arrow::utf8();
    auto input = value_or_fail(file_, arrow::io::ReadableFile::Open(file_));
    read_batches(*value_or_fail(
        file_, arrow::csv::StreamingReader::Make(arrow::io::default_io_context(), input, read, parse, convert)));
    while (reject_invalid()) {
    }
  }

  // The names of all columns, from the first block.
  std::vector<std::string> header(const arrow::csv::ParseOptions& parse) {
    auto quiet = parse;
    quiet.invalid_row_handler = [](const auto&) { return arrow::csv::InvalidRowResult::Skip; };
    auto read = arrow::csv::ReadOptions::Defaults();
    read.use_threads = false;
    auto input = value_or_fail(file_, arrow::io::ReadableFile::Open(file_));
    auto reader = arrow::csv::StreamingReader::Make(arrow::io::default_io_context(), input, read, quiet,
                                                    arrow::csv::ConvertOptions::Defaults());
    return value_or_fail(file_, std::move(reader))->schema()->field_names();
  }

  void read_parquet(const std::vector<std::string>& columns) {
    next_line_ = 1;
    auto input = value_or_fail(file_, arrow::io::ReadableFile::Open(file_));
    auto reader = value_or_fail(file_, parquet::arrow::OpenFile(input, arrow::default_memory_pool()));
    std::shared_ptr<arrow::Schema> schema;
    if (const auto status = reader->GetSchema(&schema); !status.ok()) fail(file_, status);
    check_columns(file_, columns, schema->field_names());
    std::vector<int> indices, groups;
    for (const auto& column : columns) indices.push_back(schema->GetFieldIndex(column));
    for (int group = 0; group < reader->num_row_groups(); ++group) groups.push_back(group);
    order_ = columns;
    read_batches(*value_or_fail(file_, reader->GetRecordBatchReader(groups, indices)));
  }

  void read_batches(arrow::RecordBatchReader& reader) {
    for (;;) {
      const auto batch = value_or_fail(file_, reader.Next());
      if (!batch) return;
      handle_batch(*batch);
    }
  }

  void handle_batch(const arrow::RecordBatch& batch) {
    std::vector<std::shared_ptr<arrow::StringArray>> columns;
    for (std::size_t i = 0; i < row_.cells.size(); ++i) {
      // Parquet gives the columns in the file's order, text in the order asked for.
      const auto column = order_.empty() ? batch.column(static_cast<int>(i)) : batch.GetColumnByName(order_[i]);
      const auto text = value_or_fail(file_, arrow::compute::Cast(*column, arrow::utf8()));
      columns.push_back(std::static_pointer_cast<arrow::StringArray>(text));
    }
    for (std::int64_t i = 0; i < batch.num_rows(); ++i) {
      while (reject_invalid()) {
      }
      row_.place.line = next_line_++;
      for (std::size_t c = 0; c < columns.size(); ++c) {
        row_.cells[c] = columns[c]->IsNull(i) ? std::nullopt : std::optional(columns[c]->GetView(i));
      }
      // A blank line.
      if (std::none_of(row_.cells.begin(), row_.cells.end(), [](const auto& cell) { return cell.has_value(); }))
        continue;
      ++rows_;
      handle_(row_);
    }
  }

  // Whether the next line was one of those that the parser dropped.
  bool reject_invalid() {
    const auto row = invalid_.take(next_line_);
    if (!row) return false;
    const Place place{file_, next_line_++};
    ++rows_;
    rejections_.add(row->found < row->expected ? "too few fields" : "too many fields", place,
                    fmt::format("{} fields where the header has {}", row->found, row->expected));
    return true;
  }

  std::string file_;
  Rejections& rejections_;
  const std::function<void(const TableRow&)>& handle_;
  InvalidRows invalid_;
  std::vector<std::string> order_;
  TableRow row_;
  std::int64_t next_line_ = 1, rows_ = 0;
};

}  // namespace

std::vector<std::string> expand_files(const std::vector<std::string>& patterns) {
  std::vector<std::string> files;
  for (const auto& pattern : patterns) {
    glob_t found{};
    const int result = glob(pattern.c_str(), 0, nullptr, &found);
    for (std::size_t i = 0; result == 0 && i < found.gl_pathc; ++i) files.emplace_back(found.gl_pathv[i]);
    globfree(&found);
    if (result != 0) throw DataError(fmt::format("{}: no such file", pattern));
  }
  return files;
}

std::int64_t read_table(const TableOptions& table, const std::vector<std::string>& columns, Rejections& rejections,
                        const std::function<void(const TableRow&)>& handle) {
  std::int64_t rows = 0;
  for (const auto& file : expand_files(table.files)) rows += TableFile(file, rejections, handle).read(table, columns);
  return rows;
}

}  // namespace warmstart
