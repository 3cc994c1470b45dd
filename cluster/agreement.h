#pragma once

#include <functional>

#include "cluster/communicator.h"

namespace warmstart {

// What at least one rank found wrong, known to all of them: each throws it, so
// that the program can say it once and end in order.
struct AgreedError : Error {
  using Error::Error;
};

// Collective.  Runs `work`, which must contain no collective, on every rank.
// If it throws on any, every rank throws the AgreedError of the first such rank.
void agree(Communicator& group, const std::function<void()>& work);

}  // namespace warmstart
