#include "base/option_value.h"

#include <cmath>
#include <sstream>

#include "base/number.h"

namespace warmstart {
namespace {

std::string as_number(double value) {
  const bool whole = value == std::floor(value) && std::abs(value) <= kMostWhole;
  return whole ? fmt::format("{:.0f}", value) : fmt::format("{}", value);
}

}  // namespace

bool Range::holds(double value) const {
  return (above ? value > least : value >= least) && (below ? value < most : value <= most);
}

std::string Range::text() const {
  std::string text;
  if (std::isfinite(least)) text += fmt::format(" {} {}", above ? "above" : "from", as_number(least));
  if (std::isfinite(most)) text += fmt::format(" {} {}", below ? "to below" : "to", as_number(most));
  if (!unit.empty()) text += " " + unit;
  return text;
}

double read_number(const std::string& text, const Range& range, bool whole) {
  const auto number = parse_number(text);
  const bool right = number && std::isfinite(*number) && range.holds(*number);
  if (right && (!whole || *number == std::floor(*number))) return *number;
  throw std::invalid_argument(fmt::format("wants a {}number{}", whole && number ? "whole " : "", range.text()));
}

void check_length(std::size_t items, const Range& range) {
  if (items > range.most_items) throw std::invalid_argument(fmt::format("wants at most {} items", range.most_items));
}

void read(const std::string& text, const Range&, std::string& value) { value = text; }

void read(const std::string& text, const Range&, std::filesystem::path& value) { value = text; }

void read(const std::string& text, const Range&, bool& value) {
  if (text != "true" && text != "false") throw std::invalid_argument("wants true or false");
  value = text == "true";
}

std::string to_text(const std::string& value) { return value; }
std::string to_text(const std::filesystem::path& value) { return value.string(); }
std::string to_text(bool value) { return value ? "true" : "false"; }

std::vector<std::string> items_of(const std::string& text) {
  std::vector<std::string> found;
  std::istringstream items(text);
  for (std::string item; std::getline(items, item, ',');) {
    item.erase(0, item.find_first_not_of(' '));
    item.erase(item.find_last_not_of(' ') + 1);
    if (!item.empty()) found.push_back(item);
  }
  return found;
}

}  // namespace warmstart
