#include "trainer/optimizers/adam_options.h"

#include <algorithm>

#include "base/options.h"

namespace warmstart {

std::int64_t warmup_of(const AdamOptions& options, std::int64_t total_steps) {
  constexpr std::int64_t kMost = 100;
  return options.warmup.value_or(std::min(kMost, total_steps / 10));
}

void declare(Options& add, AdamOptions& options) {
  add.add("train.rate", options.rate, "outer rate (Adam; warm-up, then cosine decay)").above(0).to(1e30);
  add.add("train.warmup", options.warmup, "steps of warm-up; empty: a tenth of the run, at most 100").from(0).to(1e9);
  add.add("train.clip-norm", options.clip_norm, "largest norm of the meta-gradient; 0: no limit").from(0).to(1e30);
  add.add("train.inner-rate-factor", options.inner_rate_factor, "inner rates learn at this multiple of the outer rate")
      .from(0)
      .to(1e6)
      .only_with("adapt.stages", {"support-encoder", "task-memory", "steps", "ridge", "kernel", "prototypes"});
  add.add("train.embedding-l2", options.embedding_l2, "L2 penalty of embeddings").from(0).to(1e6);
  add.add("train.network-l2", options.network_l2, "L2 penalty of all other parameters but inner rates").from(0).to(1e6);
}

}  // namespace warmstart
