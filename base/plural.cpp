#include "base/plural.h"

#include <fmt/format.h>

namespace warmstart {

std::string plural_of(const std::string& noun) { return noun + (noun.ends_with('s') ? "es" : "s"); }

std::string counted(std::int64_t count, const std::string& noun) {
  return fmt::format("{} {}", count, count == 1 ? noun : plural_of(noun));
}

}  // namespace warmstart
