// A data set's schema as somebody else's manifest describes it.

#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "base/errors.h"
#include "data/schema.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto json = nlohmann::json::parse(data, data + size, nullptr, false);
  if (json.is_discarded()) return -1;  // keeps texts that are no JSON out of the corpus
  try {
    // What a kind of field does not use is dropped when it is written, so the second reading is the first to keep all.
    const auto schema = warmstart::schema_from_json(warmstart::to_json(warmstart::schema_from_json(json)));
    if (!(warmstart::schema_from_json(warmstart::to_json(schema)) == schema)) std::abort();
  } catch (const warmstart::Error&) {
  }
  return 0;
}
