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

void sync(const fs::path& path) {
  const int file = open(path.c_str(), O_RDONLY);
  if (file < 0) throw_system_error("cannot open to sync", path);
  const int result = fsync(file);
  close(file);
  if (result != 0) throw_system_error("cannot sync", path);
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

PendingFile::PendingFile(fs::path path) : path_(std::move(path)), pending_(path_.string() + ".tmp") {
  file_ = open(pending_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (file_ < 0) throw_system_error("cannot create", pending_);
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

PendingFolder::PendingFolder(fs::path target) : target_(std::move(target)), pending_(target_.string() + ".tmp") {
  if (fs::exists(target_)) {
    throw UsageError(fmt::format("{}: exists already; remove it or choose another folder", target_.string()));
  }
  std::error_code error;
  fs::remove_all(pending_, error);  // what an earlier run that was killed left behind
  fs::create_directories(pending_, error);
  if (error) throw EnvironmentError(fmt::format("{}: cannot create: {}", pending_.string(), error.message()));
}

PendingFolder::~PendingFolder() {
  std::error_code ignored;
  if (!committed_) fs::remove_all(pending_, ignored);
}

void PendingFolder::commit() {
  for (const auto& entry : fs::recursive_directory_iterator(pending_)) sync(entry.path());
  sync(pending_);
  fs::rename(pending_, target_);
  committed_ = true;
  sync(parent_of(target_));
}

}  // namespace warmstart
