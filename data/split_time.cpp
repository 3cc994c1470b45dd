#include "data/split_time.h"

#include "data/cleaning.h"

namespace warmstart {

void read(const std::string& text, const Range&, SplitTime& time) {
  if (text.empty()) {
    time = {};
    return;
  }
  try {
    time = {text, time_in("", text)};
  } catch (const BadRow&) {
    throw std::invalid_argument("is neither a number nor an ISO 8601 time, such as 2024-06-01");
  }
}

std::string to_text(const SplitTime& time) { return time.text; }

}  // namespace warmstart
