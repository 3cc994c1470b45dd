#include "checkpoints/run_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <nlohmann/json.hpp>

#include "base/errors.h"
#include "base/files.h"
#include "base/host.h"

namespace warmstart {
namespace {

constexpr int kRenewSeconds = 10;
constexpr int kDeadSeconds = 60;  // without renewal: another host's holder is taken for dead

std::string slurm_job() {
  const char* job = std::getenv("SLURM_JOB_ID");
  return job ? job : "";
}

nlohmann::json holder_of(int file) {
  char text[1024] = {};
  if (pread(file, text, sizeof text - 1, 0) <= 0) return {};
  return nlohmann::json::parse(text, nullptr, false);
}

timespec modified(int file) {
  struct stat status {};
  fstat(file, &status);
  return status.st_mtim;
}

std::string described(const nlohmann::json& holder) {
  if (!holder.is_object()) return "another process";
  const auto job = holder.value("slurm_job", "");
  return fmt::format("process {} on {}{}", holder.value("pid", 0), holder.value("host", "?"),
                     job.empty() ? "" : ", Slurm job " + job);
}

[[noreturn]] void refuse(const std::filesystem::path& path, const nlohmann::json& holder, const std::string& remedy) {
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
    const bool same_job = holder.is_object() && !slurm_job().empty() && holder.value("slurm_job", "") == slurm_job();
    const bool elsewhere = holder.is_object() && !same_job && (!locked || holder.value("host", "") != host_name());
    // The file system's clock against itself: hosts' clocks differ.
    futimens(file_, nullptr);
    const auto silent_seconds = modified(file_).tv_sec - before.tv_sec;
    if (elsewhere && silent_seconds < kDeadSeconds) {
      const timespec times[2] = {before, before};
      futimens(file_, times);
      refuse(path_, holder,
             fmt::format("it gave a sign of life {} s ago. If it is dead, try again after {} s, or remove the file",
                         silent_seconds, kDeadSeconds));
    }
    if (!holder.is_null())
      spdlog::warn("{}: took over the lock of {}, which is no more", path_.string(), described(holder));
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
