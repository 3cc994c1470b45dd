// Any bytes as a Parquet file.

#include "memory_file.h"
#include "table_fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const MemoryFile file(data, size);
  read_hostile_table(file.path(), ",");
  return 0;
}
