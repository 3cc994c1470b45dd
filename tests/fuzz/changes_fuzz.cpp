// Any bytes as the changed rows of a model's tables: refused by a DataError, or every row is of a table that there is.

#include <cstdint>
#include <cstdlib>

#include "base/errors.h"
#include "serving/table_changes.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  try {
    for (const auto& row : warmstart::read_table_changes(bytes, {"embedding", "key_bias"}))
      if (row.table > 1) std::abort();
  } catch (const warmstart::Error&) {
  }
  return 0;
}
