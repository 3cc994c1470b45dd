// Any bytes as JSON: what is accepted is no deeper than promised, and can be written and read again.

#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "base/errors.h"
#include "base/json.h"
#include "json_mutator.h"

namespace {

int levels_of(const nlohmann::json& json) {
  int inner = 0;
  for (const auto& member : json) {
    if (member.is_structured()) inner = std::max(inner, levels_of(member));
  }
  return 1 + inner;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  nlohmann::json json;
  try {
    json = warmstart::parse_json({reinterpret_cast<const char*>(data), size}, "input");
  } catch (const warmstart::Error&) {
    return 0;
  }
  // Those of an empty list in the innermost count, too.
  if (levels_of(json) > warmstart::kMostJsonDepth + 1) std::abort();
  if (warmstart::parse_json(json.dump(), "again") != json) std::abort();
  note_accepted(data, size);
  return 0;
}
