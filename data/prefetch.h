#pragma once

#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>

#include "data/batch.h"

namespace warmstart {

// Makes batches on a thread of its own, ahead of the one that trains.
class Prefetcher {
 public:
  // `make(n)` gives the n-th batch from 0 on, and nothing after the last.  At most `ahead` wait.
  Prefetcher(std::function<std::optional<EpisodeBatch>(std::uint64_t)> make, std::size_t ahead);
  ~Prefetcher();
  Prefetcher(const Prefetcher&) = delete;
  Prefetcher& operator=(const Prefetcher&) = delete;

  // The next batch, waiting for it if need be.  Throws what `make` threw, and
  // std::out_of_range after the last.
  EpisodeBatch next();

  double waited_seconds() const { return waited_seconds_; }

 private:
  void work();

  std::function<std::optional<EpisodeBatch>(std::uint64_t)> make_;
  std::size_t ahead_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<EpisodeBatch> ready_;
  std::exception_ptr failure_;
  bool stop_ = false, ended_ = false;
  double waited_seconds_ = 0.0;
  std::thread thread_;
};

}  // namespace warmstart
