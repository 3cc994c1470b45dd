#include "base/files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include "base/errors.h"

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

std::string read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file || fs::is_directory(path)) throw DataError(fmt::format("{}: no such file, or it cannot be read", path.string()));
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

nlohmann::json read_json(const fs::path& path) {
  try {
    return nlohmann::json::parse(read_file(path));
  } catch (const nlohmann::json::parse_error& error) {
    throw DataError(fmt::format("{}: not valid JSON: {}", path.string(), error.what()));
  }
}

void write_file(const fs::path& path, const std::string& content) {
  const fs::path temporary = path.string() + ".tmp";
  const int file = open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (file < 0) throw_system_error("cannot create", temporary);
  std::size_t done = 0;
  while (done < content.size()) {
    const auto count = write(file, content.data() + done, content.size() - done);
    if (count < 0) {
      const int code = errno;
      close(file);
      unlink(temporary.c_str());
      errno = code;
      throw_system_error("cannot write", path);
    }
    done += static_cast<std::size_t>(count);
  }
  close(file);
  sync(temporary);
  fs::rename(temporary, path);
  sync(parent_of(path));
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
