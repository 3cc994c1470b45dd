#pragma once

#include <filesystem>
#include <memory>

#include "serving/memory_file.h"

namespace warmstart {

// A file of memories, read row group by row group.  Throws DataError naming it and what is wrong with it: that it is no
// Parquet, of another model or version, or holds a memory that this model's cannot be.
class MemoryReader {
 public:
  MemoryReader(const std::filesystem::path& path, const MemoryFormat& format);
  ~MemoryReader();
  MemoryReader(const MemoryReader&) = delete;
  MemoryReader& operator=(const MemoryReader&) = delete;

  int groups() const;
  std::vector<KeptMemory> group(int number) const;  // without their times

  // The memory of a task; of its row group alone all is read.  Throws DataError where it is not there, or twice.
  KeptMemory find(const std::string& key) const;

 private:
  class Table;
  std::unique_ptr<Table> table_;
};

}  // namespace warmstart
