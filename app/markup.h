#pragma once

#include <string>
#include <string_view>

namespace warmstart {

// `text` as the content or a quoted attribute of HTML and SVG: markup is escaped; what XML forbids (control characters,
// bytes that are not UTF-8) is replaced by U+FFFD.
std::string escaped(std::string_view text);

}  // namespace warmstart
