#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

namespace warmstart {

// What the thread that trains is doing, for the watchdog to tell; phases nest.  `name` must be a literal.
class Phase {
 public:
  explicit Phase(const char* name);
  ~Phase();
  Phase(const Phase&) = delete;
  Phase& operator=(const Phase&) = delete;
};

// Ends a process that makes no progress: when progress() was not called for `seconds`, it prints `who`, the last
// progress, the stack of phases and the remedy, and exits with 4 a moment later (so that every rank that hangs can
// tell).
class Watchdog {
 public:
  // 0 seconds: never.
  Watchdog(double seconds, std::string who, std::string remedy);
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

  void progress(std::int64_t step);

 private:
  void watch();

  double seconds_;
  std::string who_, remedy_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::int64_t step_ = 0, calls_ = 0;
  bool end_ = false;
  std::thread thread_;
};

}  // namespace warmstart
