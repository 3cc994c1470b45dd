// Any bytes as JSON: what is accepted can be written and read again.

#include <cstdint>
#include <cstdlib>

#include "base/errors.h"
#include "base/json.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  nlohmann::json json;
  try {
    json = warmstart::parse_json({reinterpret_cast<const char*>(data), size}, "input");
  } catch (const warmstart::Error&) {
    return 0;
  }
  if (warmstart::parse_json(json.dump(), "again") != json) std::abort();
  return 0;
}
