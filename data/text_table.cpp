#include "data/text_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/errors.h"
#include "base/text.h"

namespace warmstart {
namespace {

constexpr std::size_t kPieceBytes = std::size_t{1} << 20;
constexpr std::size_t kLongestRow = std::size_t{4} << 20;

// The first \n or \r, or `stop`.  By memchr, which looks at many bytes at once.
const char* end_of_line_in(const char* start, const char* stop) {
  const auto find = [&](char c) {
    return static_cast<const char*>(std::memchr(start, c, static_cast<std::size_t>(stop - start)));
  };
  if (const auto* found = find('\n')) stop = found;
  const auto* found = find('\r');
  return found ? found : stop;
}

}  // namespace

TextTable::TextTable(const std::string& file, char separator, TextEncoding encoding)
    : file_(file),
      separator_(separator),
      encoding_(encoding),
      quotes_(separator != '\t'),
      input_(file),
      piece_(kPieceBytes) {
  if (encoding != TextEncoding::kUtf8 && input_.has_mark())
    throw DataError(
        fmt::format("{}: is in UTF-8, as its byte-order mark says; set encoding = utf-8 for this table", file));
  piece_start_ = input_.has_mark() ? 3 : 0;
  if (!next()) throw DataError(fmt::format("{}: is empty", file));
  for (const auto field : fields_) {
    if (!is_utf8(field) || field.find('\0') != std::string_view::npos)
      fail(fmt::format("the header's '{}' is not UTF-8 text; {}", printable(field), kEncodingRemedy));
    header_.emplace_back(field);
  }
}

bool TextTable::next() {
  if (!skip()) return false;
  if (encoding_ == TextEncoding::kLatin1) row_ = utf8_of_latin1(row_);
  split();
  return true;
}

bool TextTable::skip() {
  row_.clear();
  inside_ = false;
  line_ = end_line_;
  if (!append_line()) {
    start_ = piece_start_;
    return false;
  }
  while (inside_) {
    row_ += '\n';
    if (!append_line()) fail("the quote that opens here never closes; remove it, or double the quotes in the field");
  }
  return true;
}

void TextTable::go_to(std::int64_t byte) {
  const auto behind_header = piece_start_ + static_cast<std::int64_t>(next_);
  if (byte <= behind_header) return;
  // From the byte before it on: where that ends a line, one starts here.
  lines_from_ = byte - 1;
  input_.seek(lines_from_);
  piece_start_ = lines_from_;
  next_ = end_ = 0;
  after_return_ = false;
  inside_ = false;
  end_line_ = 1;
  quotes_ = false;
  skip();
  quotes_ = separator_ != '\t';
}

bool TextTable::blank() const {
  return std::all_of(fields_.begin(), fields_.end(), [](auto field) { return field.empty(); });
}

// False when there is none.
bool TextTable::append_line() {
  const auto from = row_.size();
  for (bool any = false;; any = true) {
    while (next_ == end_ || after_return_) {
      if (next_ == end_ && !refill()) return any && end_of_line(from);
      if (std::exchange(after_return_, false) && piece_[next_] == '\n') ++next_;
    }
    if (from == 0 && !any) start_ = piece_start_ + static_cast<std::int64_t>(next_);
    const auto* start = piece_.data() + next_;
    const auto* stop = piece_.data() + end_;
    const auto* end = end_of_line_in(start, stop);
    row_.append(start, end);
    if (row_.size() > kLongestRow) fail("the row that starts here is longer than 4 MiB; is this a table of text?");
    next_ = static_cast<std::size_t>(end - piece_.data());
    if (end == stop) continue;
    after_return_ = *end == '\r';
    ++next_;
    return end_of_line(from);
  }
}

bool TextTable::end_of_line(std::size_t from) {
  ++end_line_;
  if (quotes_) follow_quotes(from);
  return true;
}

// False at the end of the file.
bool TextTable::refill() {
  piece_start_ += static_cast<std::int64_t>(end_);
  next_ = 0;
  end_ = input_.read(piece_.data(), piece_.size());
  bytes_read_ = input_.position();
  return end_ > 0;
}

// From quote to quote, since most rows have few.
void TextTable::follow_quotes(std::size_t from) {
  for (auto quote = row_.find('"', from); quote != std::string::npos; quote = row_.find('"', quote + 1)) {
    if (!inside_) {
      inside_ = quote == 0 || row_[quote - 1] == separator_;
    } else if (quote + 1 < row_.size() && row_[quote + 1] == '"') {
      ++quote;
    } else {
      inside_ = false;
    }
  }
}

void TextTable::split() {
  fields_.clear();
  text_after_quote_ = false;
  auto* at = row_.data();
  auto* const end = at + row_.size();
  for (;;) {
    if (quotes_ && at < end && *at == '"') {
      fields_.push_back(quoted_field(at, end));
    } else {
      auto* const stop = std::find(at, end, separator_);
      fields_.emplace_back(at, static_cast<std::size_t>(stop - at));
      at = stop;
    }
    if (at == end) return;
    ++at;
  }
}

// `at` goes to what ends it.  Moves the content together in place, where there is more than one quote in it.
std::string_view TextTable::quoted_field(char*& at, char* end) {
  auto* const start = at;
  auto* const quote = std::find(at + 1, end, '"');
  if (quote < end && (quote + 1 == end || quote[1] == separator_)) {
    at = quote + 1;
    return {start + 1, static_cast<std::size_t>(quote - start - 1)};
  }
  auto* to = at;
  bool inside = true;
  for (++at; at < end && (inside || *at != separator_); ++at) {
    if (inside && *at == '"') {
      if (at + 1 == end || at[1] != '"') {
        inside = false;
        continue;
      }
      ++at;
    }
    text_after_quote_ |= !inside;
    *to++ = *at;
  }
  return {start, static_cast<std::size_t>(to - start)};
}

std::int64_t TextTable::lines_before() const {
  if (!lines_before_) lines_before_ = lines_from_ == 0 ? 0 : warmstart::lines_before(file_, lines_from_);
  return *lines_before_;
}

void TextTable::fail(const std::string& what) const { throw DataError(fmt::format("{}:{}: {}", file_, line(), what)); }

std::int64_t lines_before(const std::string& file, std::int64_t byte) {
  RegularFile input(file);
  std::vector<char> piece(kPieceBytes);
  std::int64_t lines = 0;
  char last = 0;
  const auto count = [&](char c) {
    // A return ends a line by itself unless a \n follows.
    lines += (c == '\n') + (last == '\r' && c != '\n');
    last = c;
  };
  for (auto left = static_cast<std::size_t>(byte); left > 0;) {
    const auto read = input.read(piece.data(), std::min(left, piece.size()));
    if (read == 0) break;
    std::for_each_n(piece.begin(), read, count);
    left -= read;
  }
  if (last == '\r' && input.read(piece.data(), 1) == 1 && piece[0] != '\n') ++lines;
  return lines;
}

char separator_in_header(const std::string& file, TextEncoding encoding) {
  return TextTable(file, '\t', encoding).header().size() > 1 ? '\t' : ',';
}

}  // namespace warmstart
