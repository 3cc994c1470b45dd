#pragma once

#include <cstdint>

namespace warmstart {

class Options;

// What `warmstart plan` assumes of the machines.
struct MachineOptions {
  std::int64_t ranks = 0;           // 0: powers of two as far as microbatches and virtual shards go
  double gigabytes_per_second = 1;  // that a rank sends while it receives as many
  double latency_microseconds = 10;
  double gigaflops = 20;  // of a rank, in products of the network's layers
};

// The section plan.
void declare(Options& add, MachineOptions& options);

}  // namespace warmstart
