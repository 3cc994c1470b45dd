#pragma once

#include <filesystem>

namespace warmstart {

// Holds a checkpoint against the retention of the run that writes it, for as long as its files are read: by a kernel
// lock on its manifest, which any number of readers share and which ends with the process.  Where the file system keeps
// no locks, a warning says so.
class CheckpointHold {
 public:
  // Throws DataError where the checkpoint is not there any more.
  explicit CheckpointHold(const std::filesystem::path& folder);
  ~CheckpointHold();
  CheckpointHold(const CheckpointHold&) = delete;
  CheckpointHold& operator=(const CheckpointHold&) = delete;

 private:
  int file_;
};

// Removes a checkpoint that nobody holds; one that is held stays.  Throws std::filesystem::filesystem_error.
void remove_unless_held(const std::filesystem::path& folder);

}  // namespace warmstart
