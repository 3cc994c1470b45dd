#include "trainer/evaluation/query_size.h"

namespace warmstart {

std::string to_text(const QuerySize& size) { return size.is_rest() ? "rest" : std::to_string(size.rows); }

void read(const std::string& text, const Range& range, QuerySize& size) {
  if (text == "rest") return size = QuerySize::rest(), void();
  try {
    size = static_cast<std::int64_t>(read_number(text, range, true));
  } catch (const std::invalid_argument& error) {
    throw std::invalid_argument(std::string(error.what()) + ", or rest");
  }
}

}  // namespace warmstart
