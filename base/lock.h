#pragma once

#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <string>
#include <thread>

namespace warmstart {

// A file that one process at a time holds.  The file names the holder; the holder's host keeps a kernel lock on it,
// which ends with the process, and the holder renews its time, which other hosts see.  The file goes with the Lock.
class Lock {
 public:
  // Makes the file, and its folder where there is none, or takes over the lock of a process that is no more, or of an
  // earlier life of the same Slurm job.  Throws UsageError("<held_by> <holder>; <remedy>") when it is held.
  Lock(std::filesystem::path path, const std::string& held_by, const std::string& remedy);
  ~Lock();
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

  // False once the file is gone or was taken over, as of a process that gave no sign of life.
  bool held() const;

  // The folder of the file has another name now.
  void moved_to(std::filesystem::path path) { path_ = std::move(path); }

 private:
  bool take(const std::string& held_by, const std::string& remedy);
  void renew();

  std::filesystem::path path_;
  int file_ = -1;
  std::string own_;  // what the file says
  std::mutex mutex_;
  std::condition_variable ended_;
  bool end_ = false;
  std::thread thread_;
};

}  // namespace warmstart
