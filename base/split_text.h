#pragma once

#include <algorithm>
#include <string_view>

namespace warmstart {

// Calls take(part) for each part of `text` between separators, of which there is at least one byte; empty parts, too.
template <typename Take>
void split_text(std::string_view text, std::string_view separator, const Take& take) {
  for (std::size_t start = 0; start <= text.size();) {
    const auto end = std::min(text.find(separator, start), text.size());
    take(text.substr(start, end - start));
    start = end + separator.size();
  }
}

}  // namespace warmstart
