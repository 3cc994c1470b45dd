#include "cluster/stop_signal.h"

#include <unistd.h>

#include <csignal>

namespace warmstart {
namespace {

volatile std::sig_atomic_t received = 0;

extern "C" void note_signal(int signal) {
  if (signal == SIGINT && received == SIGINT) _exit(static_cast<int>(ExitCode::kInterrupted));
  received = signal;
}

}  // namespace

void watch_stop_signals() {
  for (const int signal : {SIGINT, SIGTERM, SIGUSR2}) {
    struct sigaction action {};
    action.sa_handler = note_signal;
    action.sa_flags = SA_RESTART;
    sigaction(signal, &action, nullptr);
  }
}

ExitCode stop_requested() {
  if (received == 0) return ExitCode::kOk;
  return received == SIGINT ? ExitCode::kInterrupted : ExitCode::kSaved;
}

}  // namespace warmstart
