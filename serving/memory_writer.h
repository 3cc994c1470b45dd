#pragma once

#include <filesystem>
#include <memory>

#include "serving/memory_file.h"

namespace warmstart {

// A file of memories that is there, whole, at commit().  Its bytes depend on the memories alone, added in their order.
class MemoryWriter {
 public:
  // Throws EnvironmentError when the disk refuses, DataError for memories that such a file cannot hold.
  MemoryWriter(const std::filesystem::path& path, const MemoryFormat& format);
  ~MemoryWriter();
  MemoryWriter(const MemoryWriter&) = delete;
  MemoryWriter& operator=(const MemoryWriter&) = delete;

  void add(const KeptMemory& memory);
  void commit();

  // How many had a time that no timestamp can hold: theirs is null.
  std::int64_t without_time() const;

 private:
  class Table;
  std::unique_ptr<Table> table_;
};

}  // namespace warmstart
