#pragma once

#include "cluster/communicator.h"

namespace warmstart {

// Bytes that a rank sends to others in a meta-step, and as many that it receives: means over the ranks, by what they
// are for (cluster/traffic.h).
struct StepBytes {
  double reduced = 0.0, exchanged = 0.0, encodings = 0.0;
  double exchanged_most = 0.0;  // of the rank that sends or receives the most
};

// Collective.  Of this rank's traffic in `steps` meta-steps.
StepBytes bytes_of_step(const Traffic& traffic, double steps, Communicator& group);

}  // namespace warmstart
