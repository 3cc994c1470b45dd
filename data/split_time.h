#pragma once

#include <limits>
#include <string>

#include "base/option_value.h"

namespace warmstart {

// The time from which on training tasks have no rows.
struct SplitTime {
  std::string text = {};                                     // as it was written; empty where there is none
  double seconds = std::numeric_limits<double>::infinity();  // as rows have their times; infinity where there is none

  bool is_set() const { return !text.empty(); }
};

// As option values are read and written: a number or ISO 8601, or nothing.
void read(const std::string& text, const Range& range, SplitTime& time);
std::string to_text(const SplitTime& time);

}  // namespace warmstart
