#include "app/markup.h"

#include "base/text.h"

namespace warmstart {
namespace {

constexpr std::string_view kReplacement = "\xef\xbf\xbd";

std::string_view escape_of(std::string_view character) {
  if (character.size() > 1)
    return character == "\xef\xbf\xbe" || character == "\xef\xbf\xbf" ? kReplacement : character;
  switch (character[0]) {
    case '<':
      return "&lt;";
    case '>':
      return "&gt;";
    case '&':
      return "&amp;";
    case '"':
      return "&quot;";
    case '\'':
      return "&#39;";
    case '\n':
    case '\t':
    case '\r':
      return character;
    default:
      return static_cast<unsigned char>(character[0]) < 0x20 || character[0] == 0x7f ? kReplacement : character;
  }
}

}  // namespace

std::string escaped(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    const auto length = utf8_length(text);
    result += length == 0 ? kReplacement : escape_of(text.substr(0, length));
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return result;
}

}  // namespace warmstart
