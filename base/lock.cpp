#include "base/lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/errors.h"
#include "base/files.h"
#include "base/host.h"
#include "base/json.h"
#include "base/text.h"

namespace warmstart {
namespace {

namespace fs = std::filesystem;

constexpr int kRenewSeconds = 10;
constexpr int kDeadSeconds = 60;  // without renewal: another host's holder is taken for dead
constexpr int kLockAttempts = 1000;

// Who wrote the file, as far as that can be read.
struct Holder {
  bool known = false;
  std::int64_t pid = 0;
  std::string host, slurm_job;
};

std::string slurm_job() {
  const char* job = std::getenv("SLURM_JOB_ID");
  return job ? job : "";
}

std::string content_of(int file) {
  char text[1024];
  const auto bytes = pread(file, text, sizeof text, 0);
  return {text, bytes > 0 ? static_cast<std::size_t>(bytes) : 0};
}

// Nothing when the file is empty: nobody holds it.
std::optional<Holder> holder_of(int file) {
  const auto content = content_of(file);
  if (content.empty()) return std::nullopt;
  try {
    const auto json = parse_json(content, "lock");
    return Holder{true, integer_at(json, "pid"), text_at(json, "host"), text_at(json, "slurm_job")};
  } catch (const DataError&) {
    return Holder{};
  }
}

std::string described(const std::optional<Holder>& holder) {
  if (!holder || !holder->known) return "another process";
  return fmt::format("process {} on {}{}", holder->pid, printable(holder->host),
                     holder->slurm_job.empty() ? "" : ", Slurm job " + printable(holder->slurm_job));
}

// Whether the holder may be alive where its kernel lock cannot be seen.
bool may_be_elsewhere(const std::optional<Holder>& holder, bool locked) {
  if (!holder) return false;
  if (holder->known && !slurm_job().empty() && holder->slurm_job == slurm_job()) return false;  // an earlier life
  return !locked || !holder->known || holder->host != host_name();
}

timespec modified(int file) {
  struct stat status {};
  fstat(file, &status);
  return status.st_mtim;
}

bool is_at(const fs::path& path, int file) {
  struct stat there {
  }, here{};
  return lstat(path.c_str(), &there) == 0 && fstat(file, &here) == 0 && there.st_ino == here.st_ino &&
         there.st_dev == here.st_dev;
}

int open_in_its_folder(const fs::path& path) {
  for (int attempt = 0;; ++attempt) {
    const int file = open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (file >= 0) return file;
    if (errno != ENOENT || attempt == kLockAttempts) throw_system_error("cannot create", path);
    std::error_code error;
    fs::create_directories(fs::absolute(path).parent_path(), error);
    if (error) throw EnvironmentError(fmt::format("{}: cannot create: {}", path.string(), error.message()));
  }
}

}  // namespace

Lock::Lock(fs::path path, const std::string& held_by, const std::string& remedy) : path_(std::move(path)) {
  own_ = nlohmann::json{{"pid", getpid()}, {"host", host_name()}, {"slurm_job", slurm_job()}}.dump();
  for (bool taken = false; !taken;) {
    file_ = open_in_its_folder(path_);
    try {
      taken = take(held_by, remedy);
    } catch (...) {
      close(file_);
      throw;
    }
    if (!taken) close(file_);
  }
  thread_ = std::thread([this] { renew(); });
}

// False when the holder before us removed the file after we had opened it.
bool Lock::take(const std::string& held_by, const std::string& remedy) {
  const auto holder = holder_of(file_);
  const bool locked = flock(file_, LOCK_EX | LOCK_NB) == 0;
  if (!locked && errno == EWOULDBLOCK) throw UsageError(fmt::format("{} {}; {}", held_by, described(holder), remedy));
  if (!locked)
    spdlog::warn("{}: this file system keeps no locks ({}); signs of life are all there is", path_.string(),
                 std::strerror(errno));
  if (!is_at(path_, file_)) return false;
  const auto before = modified(file_);
  // The file system's clock against itself: hosts' clocks differ.
  futimens(file_, nullptr);
  const auto silent_seconds = modified(file_).tv_sec - before.tv_sec;
  if (may_be_elsewhere(holder, locked) && silent_seconds < kDeadSeconds) {
    const timespec times[2] = {before, before};
    futimens(file_, times);
    throw UsageError(
        fmt::format("{} {}; it gave a sign of life {} s ago. If it is dead, try again after {} s, or remove {}",
                    held_by, described(holder), silent_seconds, kDeadSeconds, path_.string()));
  }
  if (holder) spdlog::warn("{}: took over the lock of {}, which is no more", path_.string(), described(holder));
  if (ftruncate(file_, 0) == 0 && pwrite(file_, own_.data(), own_.size(), 0) >= 0) return true;
  const int code = errno;
  unlink(path_.c_str());
  errno = code;
  throw_system_error("cannot write", path_);
}

bool Lock::held() const { return is_at(path_, file_) && content_of(file_) == own_; }

void Lock::renew() {
  std::unique_lock lock(mutex_);
  while (!ended_.wait_for(lock, std::chrono::seconds(kRenewSeconds), [this] { return end_; })) futimens(file_, nullptr);
}

Lock::~Lock() {
  {
    const std::lock_guard lock(mutex_);
    end_ = true;
  }
  ended_.notify_all();
  thread_.join();
  // While the kernel lock is still held, so that nobody has taken this very file meanwhile.
  if (held() && unlink(path_.c_str()) != 0) spdlog::warn("{}: cannot be removed", path_.string());
  close(file_);
}

}  // namespace warmstart
