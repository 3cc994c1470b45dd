#pragma once

#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <string>
#include <thread>

namespace warmstart {

// Holds a run's folder for one program at a time, by `lock` in it.  The file names the holder; the holder's host keeps
// a kernel lock on it, which ends with the process, and renews its time, which other hosts see.  Rank 0's.
class RunLock {
 public:
  // Takes over the lock of a process that is no more, or of an earlier life of the same Slurm job.  Throws UsageError
  // naming the holder when it is held.
  explicit RunLock(const std::filesystem::path& run);
  ~RunLock();
  RunLock(const RunLock&) = delete;
  RunLock& operator=(const RunLock&) = delete;

 private:
  void renew();

  std::filesystem::path path_;
  int file_;
  std::mutex mutex_;
  std::condition_variable ended_;
  bool end_ = false;
  std::thread thread_;
};

}  // namespace warmstart
