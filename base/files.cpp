#include "base/files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "base/errors.h"
#include "base/regular_file.h"

namespace warmstart {
namespace {

namespace fs = std::filesystem;

constexpr int kNameAttempts = 1000;

// A new file beside `path`; `pending` becomes its name, which no other process or thread has.
int create_beside(const fs::path& path, fs::path& pending) {
  int file = -1;
  for (int n = 0; n < kNameAttempts; ++n) {
    pending = fmt::format("{}.{}-{}.tmp", path.string(), getpid(), n);
    file = open(pending.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (file >= 0 || errno != EEXIST) break;
  }
  return file;
}

fs::path parent_of(const fs::path& path) { return fs::absolute(path).parent_path(); }

}  // namespace

void throw_system_error(const std::string& what, const fs::path& path) {
  const int code = errno;
  const char* remedy = code == ENOSPC ? "; free some space or choose another folder" : "";
  throw EnvironmentError(fmt::format("{}: {}: {}{}", path.string(), what, std::strerror(code), remedy));
}

std::string read_file(const fs::path& path, std::size_t most_bytes) {
  RegularFile file(path);
  if (file.bytes() > most_bytes) {
    throw DataError(
        fmt::format("{}: is {} bytes long, where at most {} were expected", path.string(), file.bytes(), most_bytes));
  }
  std::string content(file.bytes(), '\0');
  content.resize(file.read(content.data(), content.size()));
  return content;
}

PendingFile::PendingFile(fs::path path) : path_(std::move(path)) {
  std::error_code ignored;
  const auto there = fs::status(path_, ignored).type();
  if (there != fs::file_type::not_found && there != fs::file_type::regular)
    throw EnvironmentError(fmt::format("{}: is there already and no file; choose another name", path_.string()));
  file_ = create_beside(path_, pending_);
  if (file_ < 0) throw_system_error("cannot create", path_);
}

PendingFile::~PendingFile() {
  if (file_ < 0) return;
  close(file_);
  unlink(pending_.c_str());
}

void PendingFile::write(const void* data, std::size_t bytes) {
  const auto* next = static_cast<const char*>(data);
  while (bytes > 0) {
    const auto count = ::write(file_, next, bytes);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw_system_error("cannot write", path_);
    next += count;
    bytes -= static_cast<std::size_t>(count);
  }
}

void PendingFile::commit() {
  // Some disks say only now that they are full.
  if (fsync(file_) != 0) throw_system_error("cannot sync", pending_);
  if (close(std::exchange(file_, -1)) != 0 || rename(pending_.c_str(), path_.c_str()) != 0) {
    const int code = errno;
    unlink(pending_.c_str());
    errno = code;
    throw_system_error("cannot write", path_);
  }
  sync(parent_of(path_));
}

void write_file(const fs::path& path, const std::string& content) {
  PendingFile file(path);
  file.write(content.data(), content.size());
  file.commit();
}

void sync(const fs::path& path) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) throw_system_error("cannot open to sync", path);
  const int result = fsync(file);
  close(file);
  if (result != 0) throw_system_error("cannot sync", path);
}

void sync_tree(const fs::path& folder) {
  for (const auto& entry : fs::recursive_directory_iterator(folder)) sync(entry.path());
  sync(folder);
}

}  // namespace warmstart
