#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "data/text_encoding.h"
#include "data/text_input.h"

namespace warmstart {

// A table as text, perhaps compressed, row by row.  Lines end with \n, \r\n or \r; fields stand between separators.
// Where the separator is not a tab, a field that starts with a quote goes on to the next single one, over separators
// and lines; two quotes in it stand for one.
class TextTable {
 public:
  // Reads the header.  Throws DataError when the file is empty, its header is no UTF-8, or it starts with the
  // byte-order mark of another encoding than `encoding`.
  TextTable(const std::string& file, char separator, TextEncoding encoding = TextEncoding::kUtf8);

  const std::vector<std::string>& header() const { return header_; }

  // Of the file; a compressed one can only be read from its start.
  bool is_compressed() const { return input_.is_compressed(); }
  // Goes before the first line that starts at `byte` of the file or behind it, where that is behind the header.  It
  // starts a row unless it lies in a quoted field.
  void go_to(std::int64_t byte);
  // The byte of the text where the present row starts; at the end, the one behind the last.
  std::int64_t start() const { return start_; }
  // How many bytes of the file, compressed as it is, were read for what was given so far and a little more.
  std::int64_t bytes_read() const { return bytes_read_; }

  // Goes to the next row; false at the end.  Throws DataError where a row is longer than 4 MiB, a quote never closes,
  // or compressed data are damaged.
  bool next();
  // The same without its fields.
  bool skip();

  // Of the present row.  The fields are UTF-8 where the text is what it is said to be, and valid until next().
  const std::vector<std::string_view>& fields() const { return fields_; }
  bool blank() const;                                           // no field holds anything
  std::int64_t line() const { return line_ + lines_before(); }  // where it starts; the header's is 1
  std::int64_t own_line() const { return line_; }               // the same, counted from where go_to() went
  std::int64_t lines() const { return end_line_ - line_; }      // over one where a quoted field goes on
  bool text_after_quote() const { return text_after_quote_; }   // before the separator or the line's end

 private:
  bool append_line();
  bool end_of_line(std::size_t from);
  bool refill();
  void follow_quotes(std::size_t from);
  void split();
  std::string_view quoted_field(char*& at, char* end);
  std::int64_t lines_before() const;
  [[noreturn]] void fail(const std::string& what) const;

  std::string file_;
  char separator_;
  TextEncoding encoding_;
  bool quotes_;
  TextInput input_;
  std::vector<char> piece_;
  std::size_t next_ = 0, end_ = 0;  // what is left of piece_
  std::int64_t piece_start_ = 0;    // its first byte's place in the text
  std::int64_t start_ = 0, bytes_read_ = 0;
  bool after_return_ = false;  // the last line ended with \r: a \n that follows belongs to it
  std::string row_;
  bool text_after_quote_ = false;
  bool inside_ = false;                               // whether row_ ends in a quoted field
  std::int64_t line_ = 0, end_line_ = 1;              // counted from lines_from_ on
  std::int64_t lines_from_ = 0;                       // a byte of the file
  mutable std::optional<std::int64_t> lines_before_;  // how many end before that byte; none until a line is asked for
  std::vector<std::string_view> fields_;
  std::vector<std::string> header_;
};

// How many lines of a file end before `byte`.
std::int64_t lines_before(const std::string& file, std::int64_t byte);

// A tab where the header of a text table has one, else a comma.  Throws DataError as TextTable does.
char separator_in_header(const std::string& file, TextEncoding encoding = TextEncoding::kUtf8);

}  // namespace warmstart
