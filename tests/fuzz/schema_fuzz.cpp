// A data set's schema as somebody else's manifest describes it.

#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/errors.h"
#include "base/json.h"
#include "data/schema.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const auto json = warmstart::parse_json({reinterpret_cast<const char*>(data), size}, "input");
    // What a kind of field does not use is dropped when it is written, so the second reading is the first to keep all.
    const auto schema = warmstart::schema_from_json(warmstart::to_json(warmstart::schema_from_json(json)));
    if (!(warmstart::schema_from_json(warmstart::to_json(schema)) == schema)) std::abort();
  } catch (const warmstart::Error&) {
  }
  return 0;
}
