#include "checkpoints/run_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <optional>

#include "base/errors.h"
#include "base/files.h"
#include "base/host.h"
#include "base/json.h"

namespace warmstart {
namespace {

constexpr int kRenewSeconds = 10;
constexpr int kDeadSeconds = 60;  // without renewal: another host's holder is taken for dead

std::string slurm_job() {
  const char* job = std::getenv("SLURM_JOB_ID");
  return job ? job : "";
}

// Who wrote the lock, as far as that can be read.
struct Holder {
  bool known = false;
  std::int64_t pid = 0;
  std::string host, slurm_job;
};

// Nothing when the file is empty: nobody holds the lock.
std::optional<Holder> holder_of(int file) {
  char text[1024] = {};
  const auto size = pread(file, text, sizeof text, 0);
  if (size <= 0) return std::nullopt;
  try {
    const auto json = parse_json({text, static_cast<std::size_t>(size)}, "lock");
    return Holder{true, integer_at(json, "pid"), text_at(json, "host"), text_at(json, "slurm_job")};
  } catch (const DataError&) {
    return Holder{};
  }
}

timespec modified(int file) {
  struct stat status {};
  fstat(file, &status);
  return status.st_mtim;
}

std::string described(const std::optional<Holder>& holder) {
  if (!holder || !holder->known) return "another process";
  return fmt::format("process {} on {}{}", holder->pid, holder->host,
                     holder->slurm_job.empty() ? "" : ", Slurm job " + holder->slurm_job);
}

// Whether a holder may be alive where its kernel lock cannot be seen.
bool may_be_elsewhere(const std::optional<Holder>& holder, bool locked) {
  if (!holder) return false;
  if (holder->known && !slurm_job().empty() && holder->slurm_job == slurm_job()) return false;  // an earlier life
  return !locked || !holder->known || holder->host != host_name();
}

[[noreturn]] void refuse(const std::filesystem::path& path, const std::optional<Holder>& holder,
                         const std::string& remedy) {
  throw UsageError(fmt::format("{}: the run belongs to {}; {}", path.string(), described(holder), remedy));
}

}  // namespace

RunLock::RunLock(const std::filesystem::path& run) : path_(run / "lock") {
  file_ = open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (file_ < 0) throw_system_error("cannot create", path_);
  try {
    const auto holder = holder_of(file_);
    const bool locked = flock(file_, LOCK_EX | LOCK_NB) == 0;
    if (!locked && errno == EWOULDBLOCK) refuse(path_, holder, "wait for it, or set train.run to another folder");
    if (!locked)
      spdlog::warn("{}: this file system keeps no locks ({}); signs of life are all there is", path_.string(),
                   std::strerror(errno));
    const auto before = modified(file_);
    const auto own = nlohmann::json{{"pid", getpid()}, {"host", host_name()}, {"slurm_job", slurm_job()}}.dump();
    // The file system's clock against itself: hosts' clocks differ.
    futimens(file_, nullptr);
    const auto silent_seconds = modified(file_).tv_sec - before.tv_sec;
    if (may_be_elsewhere(holder, locked) && silent_seconds < kDeadSeconds) {
      const timespec times[2] = {before, before};
      futimens(file_, times);
      refuse(path_, holder,
             fmt::format("it gave a sign of life {} s ago. If it is dead, try again after {} s, or remove the file",
                         silent_seconds, kDeadSeconds));
    }
    if (holder) spdlog::warn("{}: took over the lock of {}, which is no more", path_.string(), described(holder));
    if (ftruncate(file_, 0) != 0 || pwrite(file_, own.data(), own.size(), 0) < 0)
      throw_system_error("cannot write", path_);
  } catch (...) {
    close(file_);
    throw;
  }
  thread_ = std::thread([this] { renew(); });
}

void RunLock::renew() {
  std::unique_lock lock(mutex_);
  while (!ended_.wait_for(lock, std::chrono::seconds(kRenewSeconds), [this] { return end_; })) futimens(file_, nullptr);
}

RunLock::~RunLock() {
  {
    const std::lock_guard lock(mutex_);
    end_ = true;
  }
  ended_.notify_all();
  thread_.join();
  if (ftruncate(file_, 0) != 0) spdlog::warn("{}: cannot be emptied", path_.string());
  close(file_);
}

}  // namespace warmstart
