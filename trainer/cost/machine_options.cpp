#include "trainer/cost/machine_options.h"

#include "base/options.h"

namespace warmstart {

void declare(Options& add, MachineOptions& options) {
  add.add("plan.ranks", options.ranks, "plan for so many ranks; 0: for powers of two").from(0).to(1e6);
  add.add("plan.gigabytes-per-second", options.gigabytes_per_second,
          "assumed: what a rank sends over the network while it receives as much")
      .above(0)
      .to(1e6);
  add.add("plan.latency-microseconds", options.latency_microseconds, "assumed: of a message between ranks")
      .from(0)
      .to(1e9);
  add.add("plan.gigaflops", options.gigaflops, "assumed: a rank's arithmetic, 10^9 operations a second")
      .above(0)
      .to(1e9);
}

}  // namespace warmstart
