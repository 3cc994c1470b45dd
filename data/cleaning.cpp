#include "data/cleaning.h"

#include <arrow/util/value_parsing.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/errors.h"
#include "base/number.h"
#include "base/text.h"

namespace warmstart {
namespace {

constexpr std::size_t kExamples = 3;

// Digits behind the decimal point of a time, as in 12:30:00.123456.
std::size_t fraction_digits(std::string_view text) {
  const auto point = text.find('.');
  if (point == std::string_view::npos) return 0;
  return std::min(text.find_first_not_of("0123456789", point + 1), text.size()) - point - 1;
}

// What reads like a number and is none that parse_number takes.
bool is_not_finite(std::string_view cell) {
  double value = 0.0;
  const auto [end, error] = std::from_chars(cell.data(), cell.data() + cell.size(), value);
  return end == cell.data() + cell.size() && error == std::errc() && !std::isfinite(value);
}

}  // namespace

double number_in(const std::string& column, std::string_view cell) {
  const auto number = parse_number(cell);
  if (!number && is_not_finite(cell)) {
    throw BadRow("number that is not finite",
                 fmt::format("column '{}': {} is not finite; if it means that the value is missing, name it among "
                             "null-values",
                             column, printable(cell)));
  }
  if (!number) throw BadRow("wrong type", fmt::format("column '{}': '{}' is not a number", column, printable(cell)));
  if (std::abs(*number) > kLargestNumber) {
    throw BadRow(
        "number too large",
        fmt::format("column '{}': {} is beyond {:.0e}, the largest number that can be learned from; rescale it", column,
                    printable(cell), kLargestNumber));
  }
  return *number;
}

double time_in(const std::string& column, std::string_view cell) {
  if (const auto number = parse_number(cell)) return *number;
  static const auto parser = arrow::TimestampParser::MakeISO8601();
  std::int64_t ticks = 0;
  if ((*parser)(cell.data(), cell.size(), arrow::TimeUnit::MICRO, &ticks)) return static_cast<double>(ticks) * 1e-6;
  if ((*parser)(cell.data(), cell.size(), arrow::TimeUnit::NANO, &ticks)) return static_cast<double>(ticks) * 1e-9;
  if (fraction_digits(cell) > 9) {
    throw BadRow("time finer than nanoseconds",
                 fmt::format("column '{}': '{}' has {} digits of a second, at most 9 are read; cut the others off",
                             column, printable(cell), fraction_digits(cell)));
  }
  throw BadRow("wrong type",
               fmt::format("column '{}': '{}' is not a number or an ISO 8601 time", column, printable(cell)));
}

void check_key(const std::string& column, std::string_view key) {
  if (key.size() <= kLongestKey) return;
  throw BadRow("key too long", fmt::format("column '{}': the key '{}' has {} bytes, at most {} are stored", column,
                                           printable(key, 40), key.size(), kLongestKey));
}

void Rejections::add(const Place& place, const BadRow& row) {
  add(fmt::format("{}:{}", printable(place.file, 1000), place.line), row);
}

void Rejections::add(const std::string& where, const BadRow& row) {
  const auto text = fmt::format("{}: {}", where, row.what());
  if (on_error_ == OnError::kFail) throw DataError(fmt::format("{} ({})", text, remedy_));
  auto& count = counts_[row.reason()];
  ++count.rows;
  if (count.examples.size() < kExamples) count.examples.push_back(text);
}

void Rejections::merge(const nlohmann::json& later) {
  for (const auto& [reason, count] : later.items()) {
    auto& own = counts_[reason];
    own.rows += count["rows"].get<std::int64_t>();
    for (const std::string example : count["first"]) {
      if (own.examples.size() < kExamples) own.examples.push_back(example);
    }
  }
}

std::int64_t Rejections::rows(const std::string& reason) const {
  const auto found = counts_.find(reason);
  return found == counts_.end() ? 0 : found->second.rows;
}

nlohmann::json Rejections::to_json() const {
  auto json = nlohmann::json::object();
  for (const auto& [reason, count] : counts_) {
    if (count.rows > 0) json[reason] = {{"rows", count.rows}, {"first", count.examples}};
  }
  return json;
}

std::string Rejections::summary() const {
  std::string text;
  for (const auto& [reason, count] : counts_) {
    if (count.rows == 0) continue;
    text += fmt::format("{}{} rows: {}", text.empty() ? "left out: " : "; ", count.rows, reason);
    if (!count.examples.empty()) text += fmt::format(" ({})", count.examples[0]);
  }
  return text;
}

}  // namespace warmstart
