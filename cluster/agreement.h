#pragma once

#include <functional>

#include "cluster/communicator.h"

namespace warmstart {

// An error that some rank found and every rank now knows.  All throw it; main() prints it once.
struct AgreedError : Error {
  using Error::Error;
};

// Collective.  Runs `work`, which must contain no collective, on every rank.
// If it throws on any, every rank throws the AgreedError of the first such rank.
void agree(Communicator& group, const std::function<void()>& work);

}  // namespace warmstart
