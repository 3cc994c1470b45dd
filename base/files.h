// Files that are complete or absent, whatever happens to the machine.

#pragma once

#include <cstddef>
#include <filesystem>
#include <limits>
#include <string>

namespace warmstart {

// The content of a regular file.  Throws DataError when it cannot be read, is a folder, a pipe or a device, or is
// longer than `most_bytes`.
std::string read_file(const std::filesystem::path& path,
                      std::size_t most_bytes = std::numeric_limits<std::size_t>::max());

// A file that appears under its name, complete and synced, at commit(): it is written as a neighbour of its own,
// `<path>.<process>-<n>.tmp`, so that two writers do not meet in one file.  Without commit() nothing stays.  Throws
// EnvironmentError when the disk refuses, leaving what was there before.
class PendingFile {
 public:
  explicit PendingFile(std::filesystem::path path);
  ~PendingFile();
  PendingFile(const PendingFile&) = delete;
  PendingFile& operator=(const PendingFile&) = delete;

  void write(const void* data, std::size_t bytes);
  void commit();

 private:
  std::filesystem::path path_, pending_;
  int file_ = -1;
};

// One PendingFile.
void write_file(const std::filesystem::path& path, const std::string& content);

// Waits until a file or folder, or all of a folder, is on the disk.  Throws EnvironmentError.
void sync(const std::filesystem::path& path);
void sync_tree(const std::filesystem::path& folder);

// Throws EnvironmentError("<what>: <path>: <reason of errno>, <remedy>").
[[noreturn]] void throw_system_error(const std::string& what, const std::filesystem::path& path);

}  // namespace warmstart
