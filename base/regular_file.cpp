#include "base/regular_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/errors.h"

namespace warmstart {
namespace {

const char* kind_of(mode_t mode) {
  if (S_ISDIR(mode)) return "a folder";
  if (S_ISFIFO(mode)) return "a pipe";
  if (S_ISSOCK(mode)) return "a socket";
  return "a device";
}

}  // namespace

RegularFile::RegularFile(const std::filesystem::path& path) : path_(path) {
  // Without O_NONBLOCK, opening a pipe would wait for its writer.
  file_ = open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (file_ < 0 && errno == ENOENT) throw DataError(fmt::format("{}: no such file", path.string()));
  if (file_ < 0) throw DataError(fmt::format("{}: cannot be read: {}", path.string(), std::strerror(errno)));
  struct stat status {};
  if (fstat(file_, &status) == 0 && S_ISREG(status.st_mode)) {
    bytes_ = static_cast<std::size_t>(status.st_size);
    return;
  }
  close(file_);
  throw DataError(fmt::format("{}: is {}, not a file", path.string(), kind_of(status.st_mode)));
}

RegularFile::~RegularFile() { close(file_); }

void RegularFile::seek(std::int64_t byte) {
  if (lseek(file_, byte, SEEK_SET) < 0)
    throw DataError(fmt::format("{}: cannot be read: {}", path_.string(), std::strerror(errno)));
}

std::size_t RegularFile::read(void* data, std::size_t size) {
  auto* next = static_cast<char*>(data);
  std::size_t done = 0;
  while (done < size) {
    const auto count = ::read(file_, next + done, size - done);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw DataError(fmt::format("{}: cannot be read: {}", path_.string(), std::strerror(errno)));
    if (count == 0) break;
    done += static_cast<std::size_t>(count);
  }
  return done;
}

}  // namespace warmstart
