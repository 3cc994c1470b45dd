#include "base/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

namespace warmstart {
namespace {

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

// The code point of a character of `length` bytes whose form is right.
std::uint32_t code_point(std::string_view text, std::size_t length) {
  std::uint32_t code = static_cast<unsigned char>(text[0]) & (0xffu >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) code = code << 6 | (static_cast<unsigned char>(text[i]) & 0x3f);
  return code;
}

}  // namespace

std::size_t utf8_length(std::string_view text) {
  if (text.empty()) return 0;
  const auto first = static_cast<unsigned char>(text[0]);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xc0) != 0x80) return 0;
  }
  const auto code = code_point(text, length);
  constexpr std::uint32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = code >= 0xd800 && code < 0xe000;
  return code < kSmallest[length] || code > 0x10ffff || surrogate ? 0 : length;
}

bool is_utf8(std::string_view text) {
  if (std::none_of(text.begin(), text.end(), [](char c) { return c < 0; })) return true;
  while (!text.empty()) {
    const auto length = utf8_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::string printable(std::string_view text, std::size_t most_bytes) {
  std::string result;
  while (!text.empty()) {
    if (result.size() >= most_bytes) return result + "...";
    const auto length = utf8_length(text);
    // The characters U+0080 to U+009F are control characters, too: terminals obey them.
    const bool second_control = length == 2 && code_point(text, 2) < 0xa0;
    if (length == 0 || is_control(text[0])) {
      result += fmt::format("\\x{:02x}", static_cast<unsigned char>(text[0]));
    } else if (second_control) {
      result += fmt::format("\\u{:04x}", code_point(text, 2));
    } else {
      result += text.substr(0, length);
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return result;
}

}  // namespace warmstart
