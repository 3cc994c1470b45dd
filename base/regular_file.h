#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>

namespace warmstart {

// A regular file that is open for reading.  Whatever else lies under a name (a folder, a pipe, a device) is refused
// before a byte of it is asked for: reading a pipe would wait for ever, and a device has no end.
class RegularFile {
 public:
  // Throws DataError naming what is there instead, or why it cannot be opened.
  explicit RegularFile(const std::filesystem::path& path);
  ~RegularFile();
  RegularFile(const RegularFile&) = delete;
  RegularFile& operator=(const RegularFile&) = delete;

  int descriptor() const { return file_; }
  std::size_t bytes() const { return bytes_; }  // when it was opened

  // Goes to a byte of the file.  Throws DataError when the disk refuses.
  void seek(std::int64_t byte);

  // Up to `size` of the next bytes; fewer only at the end.  Throws DataError when the disk refuses.
  std::size_t read(void* data, std::size_t size);

 private:
  std::filesystem::path path_;
  int file_;
  std::size_t bytes_ = 0;
};

}  // namespace warmstart
