#pragma once

#include <string>
#include <string_view>

namespace warmstart {

// The length in bytes of the UTF-8 character that `text` starts with; 0 when it starts with none.
std::size_t utf8_length(std::string_view text);

bool is_utf8(std::string_view text);

// `text` as it may go to a terminal or a log, on one line: control characters and bytes that are not UTF-8 appear as
// \xNN, and what is longer than `most_bytes` is cut, with "..." for the rest.
std::string printable(std::string_view text, std::size_t most_bytes = 120);

}  // namespace warmstart
