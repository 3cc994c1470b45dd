#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/regular_file.h"

namespace warmstart {

// A table as text, row by row.  Lines end with \n, \r\n or \r; fields stand between separators.  Where the separator is
// not a tab, a field that starts with a quote goes on to the next single one, over separators and lines; two quotes in
// it stand for one.
class TextTable {
 public:
  // Reads the header.  Throws DataError when the file is empty or its header is no UTF-8.
  TextTable(const std::string& file, char separator);

  const std::vector<std::string>& header() const { return header_; }

  // Goes to the next row; false at the end.  Throws DataError where a row is longer than 4 MiB or a quote never closes.
  bool next();

  // Of the present row.  The fields are valid until next().
  const std::vector<std::string_view>& fields() const { return fields_; }
  bool blank() const;                                       // no field holds anything
  std::int64_t line() const { return line_; }               // where it starts; the header's is 1
  std::int64_t lines() const { return end_line_ - line_; }  // over one where a quoted field goes on

 private:
  bool append_line();
  bool end_of_line(std::size_t from);
  bool refill();
  void follow_quotes(std::size_t from);
  void split();
  std::string_view quoted_field(char*& at, char* end);
  [[noreturn]] void fail(const std::string& what) const;

  std::string file_;
  char separator_;
  bool quotes_;
  RegularFile input_;
  std::vector<char> piece_;
  std::size_t next_ = 0, end_ = 0;  // what is left of piece_
  bool after_return_ = false;       // the last line ended with \r: a \n that follows belongs to it
  std::string row_;
  bool inside_ = false, field_starts_ = true;  // where row_ ends: in a quoted field, or before a field
  std::int64_t line_ = 0, end_line_ = 1;
  std::vector<std::string_view> fields_;
  std::vector<std::string> header_;
};

}  // namespace warmstart
