// Any text as a table; its first byte says what separates fields.

#include "memory_file.h"
#include "table_fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0 || (size > 4 && std::string(data + 1, data + 5) == "PAR1")) return 0;  // the latter is Parquet
  const MemoryFile file(data + 1, size - 1);
  read_hostile_table(file.path(), data[0] == 't' ? "tab" : std::string(1, static_cast<char>(data[0])));
  return 0;
}
