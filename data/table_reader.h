#pragma once

#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "data/cleaning.h"
#include "data/ingest_options.h"

namespace warmstart {

// One row of a table: the asked-for columns as text, in the order asked for.
// Views are valid during the callback only.
struct TableRow {
  Place place;
  std::vector<std::optional<std::string_view>> cells;  // nothing: missing, or a list
  // What a cell that is a list holds, without missing elements; nothing for cells that are none.
  std::vector<std::optional<std::vector<std::string_view>>> lists;
  std::int64_t bytes_read = 0;  // about how many of the part's bytes
};

// Reads the `columns` of all files of a table in order, text (perhaps compressed) or Parquet by their first bytes, a
// piece at a time.  Cells that are one of the table's null values are missing; multi columns of Parquet may be lists.
// Rows with too few or too many fields, or asked-for cells that are not UTF-8, go to `rejections`, as do those for
// which `handle` throws BadRow.  Returns the number of rows read, all of those included. Throws DataError when a file
// is missing, empty, of no format that is read, or damaged, or lacks a column or has it twice.
std::int64_t read_table(const TableOptions& table, const std::vector<std::string>& columns, Rejections& rejections,
                        const std::function<void(const TableRow&)>& handle);

// The bytes of a file that one of those who read a table together takes: the rows that start there.
struct FilePart {
  std::string file;
  std::int64_t begin = 0, end = std::numeric_limits<std::int64_t>::max();
  bool is_whole() const { return begin == 0 && end == std::numeric_limits<std::int64_t>::max(); }
};

// Of the file's.
std::int64_t bytes_of(const FilePart& part);

// The same of one part, which may have no row.  The line of a row's place is counted from where the part begins; what
// `rejections` say is counted from the start of the file.  A compressed file belongs to the part with its first byte,
// as a row group of Parquet does, whose bytes are taken to be alike.
std::int64_t read_part(const TableOptions& table, const FilePart& part, const std::vector<std::string>& columns,
                       Rejections& rejections, const std::function<void(const TableRow&)>& handle);

// Where the first row of a part of a text file starts, and the first one behind it.
struct RowSpan {
  std::int64_t start = 0, end = 0;
};
// Of parts of one file whose spans follow one on the other, each row is read once.  Nothing where that is certain: of a
// whole file, of Parquet, of compressed text, and of text in which quotes mean nothing.
std::optional<RowSpan> rows_of_part(const TableOptions& table, const FilePart& part);

// The files that paths and globs stand for, sorted.  Throws DataError for one that stands for none.
std::vector<std::string> expand_files(const std::vector<std::string>& patterns);

}  // namespace warmstart
