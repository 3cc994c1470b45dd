#pragma once

#include <cstdint>
#include <string>

#include "base/option_value.h"

namespace warmstart {

// How many rows of a task judge.
struct QuerySize {
  // NOLINTNEXTLINE(google-explicit-constructor): a number of rows is one.
  constexpr QuerySize(std::int64_t count) : rows(count) {}
  static constexpr QuerySize rest() { return 0; }  // all but the support

  std::int64_t rows;  // 0 of the rest

  bool is_rest() const { return rows == 0; }
};

// As options: 10, rest.  read() throws std::invalid_argument for others.
std::string to_text(const QuerySize& size);
void read(const std::string& text, const Range& range, QuerySize& size);

}  // namespace warmstart
