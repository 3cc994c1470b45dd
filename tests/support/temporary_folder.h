#pragma once

#include <filesystem>
#include <string>

namespace warmstart {

// A new folder that is gone with the object.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path write(const std::string& name, const std::string& content) const;

 private:
  std::filesystem::path path_;
};

// Changes one byte in the middle of a file.
void flip_byte(const std::filesystem::path& path);

}  // namespace warmstart
