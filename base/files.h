// Files and folders that are complete or absent, whatever happens to the machine.

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

// A file that appears under its name, complete and synced, at commit(): it is written as
// `<path>.tmp`.  Without commit() nothing stays.  Throws EnvironmentError when the disk refuses,
// leaving what was there before.
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

// A folder that appears under its name only when it is complete.  It is filled
// at path(), a neighbour named `<target>.tmp`; commit() syncs every file in
// it, renames it to the target and syncs the parent.  Without commit() nothing stays.
class PendingFolder {
 public:
  // Throws UsageError when the target exists already.
  explicit PendingFolder(std::filesystem::path target);
  ~PendingFolder();
  PendingFolder(const PendingFolder&) = delete;
  PendingFolder& operator=(const PendingFolder&) = delete;

  const std::filesystem::path& path() const { return pending_; }
  void commit();

 private:
  std::filesystem::path target_, pending_;
  bool committed_ = false;
};

// Throws EnvironmentError("<what>: <path>: <reason of errno>, <remedy>").
[[noreturn]] void throw_system_error(const std::string& what, const std::filesystem::path& path);

}  // namespace warmstart
