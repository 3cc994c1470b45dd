#pragma once

#include <filesystem>

#include "base/lock.h"

namespace warmstart {

// Holds a run's folder for one program at a time, by `lock` in it.  Rank 0's.  Throws UsageError naming the holder
// when it is held.
class RunLock {
 public:
  explicit RunLock(const std::filesystem::path& run)
      : lock_(run / "lock", (run / "lock").string() + ": the run belongs to",
              "wait for it, or set train.run to another folder") {}

 private:
  Lock lock_;
};

}  // namespace warmstart
