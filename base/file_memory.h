// Memory that lies in files without a name, whose pages the kernel writes out and reads back as it needs their room.

#pragma once

#include <cstddef>
#include <filesystem>
#include <memory_resource>
#include <utility>

namespace warmstart {

// `bytes` zeros, at least one, for munmap() to give back.  They lie in a file in `folder` that nobody else sees: it has
// no name, and is gone with the process.  All of its room is taken, so that the disk cannot fill up under them.  Throws
// std::system_error when there is no room.
void* map_file_without_name(const std::filesystem::path& folder, std::size_t bytes);

// What containers take such memory from.  Throws EnvironmentError naming the folder when its disk has no room.
class FileMemory : public std::pmr::memory_resource {
 public:
  // `folder` need not be there before the first block of kFewestBytes.
  explicit FileMemory(std::filesystem::path folder) : folder_(std::move(folder)) {}

  // Smaller blocks lie on the heap: what few rows take is not worth a file.
  static constexpr std::size_t kFewestBytes = std::size_t{1} << 20;

 private:
  void* do_allocate(std::size_t bytes, std::size_t alignment) override;
  void do_deallocate(void* memory, std::size_t bytes, std::size_t alignment) override;
  bool do_is_equal(const std::pmr::memory_resource& other) const noexcept override { return this == &other; }

  std::filesystem::path folder_;
};

}  // namespace warmstart
