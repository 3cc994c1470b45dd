#include "base/file_memory.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <memory>
#include <system_error>

#include "base/files.h"

namespace warmstart {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void refuse(int error) { throw std::system_error(error, std::generic_category()); }

// Filling a disk up only to find that it is too small would hinder others.
void check_space(const fs::path& folder, std::size_t bytes) {
  std::error_code ignored;  // mkostemp() says it again
  const auto space = fs::space(folder, ignored);
  if (!ignored && space.available < bytes) refuse(ENOSPC);
}

int file_without_name(const fs::path& folder, std::size_t bytes) {
  check_space(folder, bytes);
  auto path = (folder / "memory-XXXXXX").string();
  const int file = mkostemp(path.data(), O_CLOEXEC);
  if (file < 0) refuse(errno);
  unlink(path.c_str());
  if (const int error = posix_fallocate(file, 0, static_cast<off_t>(bytes)); error != 0) {
    close(file);
    refuse(error);
  }
  return file;
}

}  // namespace

void* map_file_without_name(const fs::path& folder, std::size_t bytes) {
  const int file = file_without_name(folder, bytes);
  auto* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  const int error = errno;
  close(file);
  if (memory == MAP_FAILED) refuse(error);
  return memory;
}

void* FileMemory::do_allocate(std::size_t bytes, std::size_t alignment) {
  if (bytes < kFewestBytes) return std::pmr::new_delete_resource()->allocate(bytes, alignment);
  try {
    return map_file_without_name(folder_, bytes);
  } catch (const std::system_error& error) {
    errno = error.code().value();
    throw_system_error(fmt::format("no room for {:.4g} MB", static_cast<double>(bytes) / 1e6), folder_);
  }
}

void FileMemory::do_deallocate(void* memory, std::size_t bytes, std::size_t alignment) {
  if (bytes < kFewestBytes)
    std::pmr::new_delete_resource()->deallocate(memory, bytes, alignment);
  else
    munmap(memory, bytes);
}

}  // namespace warmstart
