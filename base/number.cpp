#include "base/number.h"

#include <charconv>
#include <cmath>
#include <cstdint>

namespace warmstart {
namespace {

// Digits with a point somewhere or none, up to 15 of them: whole numbers up to 10^15 and powers of ten up to 10^22 are
// exact, so that their quotient is rounded as the number itself (Clinger 1990).
std::optional<double> parse_short_decimal(std::string_view text) {
  constexpr double kPowers[] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
  if (text.size() > 15) return std::nullopt;
  std::int64_t whole = 0;
  std::size_t digits = 0, behind_point = 0;
  bool point = false;
  for (const char c : text) {
    if (c == '.' && !point) {
      point = true;
      continue;
    }
    if (c < '0' || c > '9') return std::nullopt;
    whole = 10 * whole + (c - '0');
    ++digits;
    behind_point += point;
  }
  if (digits == 0) return std::nullopt;
  return static_cast<double>(whole) / kPowers[behind_point];
}

}  // namespace

std::optional<double> parse_number(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  if (const auto number = parse_short_decimal(text)) return number;
  double value = 0.0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

}  // namespace warmstart
