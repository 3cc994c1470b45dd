#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace warmstart {

bool is_utf8(std::string_view text);

// What a message may show of a text from elsewhere: control characters and bytes that are not UTF-8 stand as \x1b, so
// that no terminal obeys them, and what is longer than about `most_bytes` ends in "...".
std::string printable(std::string_view text, std::size_t most_bytes = 120);

}  // namespace warmstart
