#include "cluster/background_sum.h"

#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>

#include "base/stopwatch.h"

namespace warmstart {

struct BackgroundSum::State {
  Communicator& group;
  Reduction reduction;
  std::mutex mutex = {};
  std::condition_variable changed = {};
  std::deque<at::Tensor> waiting = {};  // the first is being summed
  std::exception_ptr failure = nullptr;
  double busy_seconds = 0.0;
  bool end = false;
};

BackgroundSum::BackgroundSum(Communicator& group, Reduction reduction)
    : state_(new State{.group = group, .reduction = reduction}), thread_([state = state_] { work(state); }) {}

BackgroundSum::~BackgroundSum() {
  std::unique_lock lock(state_->mutex);
  state_->end = true;
  state_->changed.notify_all();
  const bool idle = state_->waiting.empty();
  lock.unlock();
  if (idle)
    thread_.join();
  else
    thread_.detach();  // this rank fails in mid-step: the others' shares may never come, and all end in a moment
}

void BackgroundSum::start(at::Tensor tensor) {
  const std::lock_guard lock(state_->mutex);
  state_->waiting.push_back(std::move(tensor));
  state_->changed.notify_all();
}

void BackgroundSum::wait() {
  const Stopwatch stopwatch;
  std::unique_lock lock(state_->mutex);
  state_->changed.wait(lock, [&] { return state_->waiting.empty(); });
  waited_seconds_ += stopwatch.seconds();
  if (state_->failure) std::rethrow_exception(std::exchange(state_->failure, nullptr));
}

double BackgroundSum::busy_seconds() const {
  const std::lock_guard lock(state_->mutex);
  return state_->busy_seconds;
}

void BackgroundSum::work(const std::shared_ptr<State>& state) {
  std::unique_lock lock(state->mutex);
  while (true) {
    state->changed.wait(lock, [&] { return state->end || !state->waiting.empty(); });
    if (state->waiting.empty()) return;
    auto tensor = state->waiting.front();
    const bool failed = state->failure != nullptr;
    lock.unlock();
    const Stopwatch stopwatch;
    std::exception_ptr failure;
    try {
      if (!failed) sum_over_ranks(tensor, state->group, state->reduction);
    } catch (...) {
      failure = std::current_exception();
    }
    lock.lock();
    if (failure) state->failure = failure;
    state->busy_seconds += stopwatch.seconds();
    state->waiting.pop_front();
    state->changed.notify_all();
  }
}

}  // namespace warmstart
