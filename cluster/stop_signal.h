// Signals that ask a run to save and stop.  The handlers only set a flag; ranks
// agree on it between steps.

#pragma once

#include "base/errors.h"

namespace warmstart {

// Notes SIGINT, SIGTERM and SIGUSR2 from now on.  A second SIGINT ends the process at once.
void watch_stop_signals();

// kOk while none came; kInterrupted after SIGINT, kSaved after SIGTERM or SIGUSR2.
ExitCode stop_requested();

}  // namespace warmstart
