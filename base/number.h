#pragma once

#include <optional>
#include <string_view>

namespace warmstart {

// A finite number, perhaps between spaces; nothing when `text` is none.
std::optional<double> parse_number(std::string_view text);

}  // namespace warmstart
