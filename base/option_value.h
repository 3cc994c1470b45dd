// Text <-> value, for each type that an option can have.

#pragma once

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

namespace warmstart {

// What a number may be.
struct Range {
  double least = -std::numeric_limits<double>::infinity(), most = std::numeric_limits<double>::infinity();
  bool above = false, below = false;  // whether `least` and `most` themselves are too small, too large
  std::string unit = {};
  std::size_t most_items = 1000;  // of a list

  bool holds(double value) const;
  // " from 1 to 64 rows", " above 0"; empty where every number will do.
  std::string text() const;
};

// Whole numbers have an exact double up to here.
constexpr double kMostWhole = 9007199254740992.0;  // 2^53

// A number, or true or false.
template <typename T>
concept Number = std::is_arithmetic_v<T> && !std::is_same_v<T, bool>;

// The range of a type of which nothing more is said.
template <typename T>
Range range_of() {
  if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>) {
    const double most = std::min(kMostWhole, static_cast<double>(std::numeric_limits<T>::max()));
    return {.least = std::is_unsigned_v<T> ? 0.0 : -most, .most = most};
  }
  return {};
}

// Each throws std::invalid_argument saying what was wanted, and leaves `value` as it was.
double read_number(const std::string& text, const Range& range, bool whole);
void read(const std::string& text, const Range& range, std::string& value);
void read(const std::string& text, const Range& range, std::filesystem::path& value);
void read(const std::string& text, const Range& range, bool& value);
template <Number T>
void read(const std::string& text, const Range& range, T& value) {
  value = static_cast<T>(read_number(text, range, std::is_integral_v<T>));
}
// A number that something else chooses where it is empty.
template <Number T>
void read(const std::string& text, const Range& range, std::optional<T>& value) {
  if (text.empty()) return value.reset();
  value = static_cast<T>(read_number(text, range, std::is_integral_v<T>));
}

std::string to_text(const std::string& value);
std::string to_text(const std::filesystem::path& value);
std::string to_text(bool value);
template <Number T>
std::string to_text(T value) {
  return fmt::format("{}", value);
}
template <Number T>
std::string to_text(const std::optional<T>& value) {
  return value ? to_text(*value) : "";
}

// The names of an enumeration whose values are 0, 1, 2 ... and which has NLOHMANN_JSON_SERIALIZE_ENUM.
template <typename T>
std::vector<std::string> enum_names() {
  const auto name = [](int value) { return nlohmann::json(static_cast<T>(value)).template get<std::string>(); };
  std::vector<std::string> names = {name(0)};
  // What is none of its values has the name of the first.
  for (int value = 1; name(value) != names[0]; ++value) names.push_back(name(value));
  return names;
}
template <typename T>
requires std::is_enum_v<T> std::string to_text(T value) { return nlohmann::json(value).template get<std::string>(); }
template <typename T>
requires std::is_enum_v<T>
void read(const std::string& text, const Range&, T& value) {
  const auto read_value = nlohmann::json(text).get<T>();
  if (to_text(read_value) != text)
    throw std::invalid_argument(fmt::format("is none of: {}", fmt::join(enum_names<T>(), ", ")));
  value = read_value;
}

// A choice that something else makes where it is "own".
template <typename T>
requires std::is_enum_v<T> std::string to_text(const std::optional<T>& value) {
  return value ? to_text(*value) : "own";
}
template <typename T>
requires std::is_enum_v<T>
void read(const std::string& text, const Range& range, std::optional<T>& value) {
  if (text == "own") return value.reset();
  read(text, range, value.emplace());
}

// What a help text says of the type.
template <typename T>
std::string names_of() {
  if constexpr (std::is_same_v<T, bool>) return ": true or false";
  return "";
}

void check_length(std::size_t items, const Range& range);

// The items of a list that are separated by commas, without the spaces around them.
std::vector<std::string> items_of(const std::string& text);

template <typename T>
std::string to_text(const std::vector<T>& value) {
  std::vector<std::string> items;
  items.reserve(value.size());
  for (const auto& item : value) items.push_back(to_text(item));
  return fmt::format("{}", fmt::join(items, ", "));
}
template <typename T>
void read(const std::string& text, const Range& range, std::vector<T>& value) {
  const auto items = items_of(text);
  check_length(items.size(), range);
  std::vector<T> list;
  for (const auto& item : items) read(item, range, list.emplace_back());
  value = list;
}

}  // namespace warmstart
