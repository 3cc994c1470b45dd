#include "data/prefetch.h"

#include <stdexcept>

#include "base/stopwatch.h"

namespace warmstart {

Prefetcher::Prefetcher(std::function<std::optional<EpisodeBatch>(std::uint64_t)> make, std::size_t ahead)
    : make_(std::move(make)), ahead_(ahead), thread_([this] { work(); }) {}

Prefetcher::~Prefetcher() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void Prefetcher::work() {
  std::exception_ptr failure;
  for (std::uint64_t n = 0;; ++n) {
    std::optional<EpisodeBatch> batch;
    try {
      batch = make_(n);
    } catch (...) {
      failure = std::current_exception();
    }
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return stop_ || ready_.size() < ahead_; });
    if (stop_) return;
    if (batch) ready_.push_back(std::move(*batch));
    failure_ = failure;
    ended_ = !batch;
    changed_.notify_all();
    if (ended_) return;
  }
}

EpisodeBatch Prefetcher::next() {
  const Stopwatch stopwatch;
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return !ready_.empty() || ended_; });
  waited_seconds_ += stopwatch.seconds();
  if (ready_.empty() && failure_) std::rethrow_exception(failure_);
  if (ready_.empty()) throw std::out_of_range("Prefetcher: there are no more batches");
  auto batch = std::move(ready_.front());
  ready_.pop_front();
  changed_.notify_all();
  return batch;
}

}  // namespace warmstart
