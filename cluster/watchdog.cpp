#include "cluster/watchdog.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>

#include "base/errors.h"

namespace warmstart {
namespace {

using Clock = std::chrono::steady_clock;

// Written by the thread that trains, read by the watchdog's.
struct Entered {
  std::atomic<const char*> name;
  std::atomic<Clock::rep> since;
};
std::array<Entered, 16> stack;
std::atomic<std::size_t> depth = 0;

std::string stack_of_phases() {
  std::string text;
  for (std::size_t i = 0; i < depth && i < stack.size(); ++i) {
    const auto seconds =
        std::chrono::duration<double>(Clock::now().time_since_epoch() - Clock::duration(stack[i].since)).count();
    text += fmt::format("{}{} (for {:.0f} s)", i == 0 ? "" : " > ", stack[i].name.load(), seconds);
  }
  return text.empty() ? "between phases" : text;
}

}  // namespace

Phase::Phase(const char* name) {
  if (depth < stack.size()) {
    stack[depth].name = name;
    stack[depth].since = Clock::now().time_since_epoch().count();
  }
  ++depth;
}

Phase::~Phase() { --depth; }

Watchdog::Watchdog(double seconds, std::string who, std::string remedy)
    : seconds_(seconds), who_(std::move(who)), remedy_(std::move(remedy)) {
  if (seconds_ > 0) thread_ = std::thread([this] { watch(); });
}

Watchdog::~Watchdog() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    end_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void Watchdog::progress(std::int64_t step) {
  {
    const std::lock_guard lock(mutex_);
    step_ = step;
    ++calls_;
  }
  changed_.notify_all();
}

void Watchdog::watch() {
  std::unique_lock lock(mutex_);
  while (!end_) {
    const auto seen = calls_;
    if (changed_.wait_for(lock, std::chrono::duration<double>(seconds_), [&] { return end_ || calls_ != seen; }))
      continue;
    fmt::print(stderr, "warmstart: {}: no progress for {} s after step {}; phases: {}; {}\n", who_, seconds_, step_,
               stack_of_phases(), remedy_);
    std::fflush(stderr);
    std::this_thread::sleep_for(std::chrono::seconds(2));
    _exit(static_cast<int>(ExitCode::kEnvironment));
  }
}

}  // namespace warmstart
