#pragma once

#include <cstdint>
#include <optional>

namespace warmstart {

class Options;

struct AdamOptions {
  double rate = 3e-3;
  double beta1 = 0.9, beta2 = 0.99, epsilon = 1e-8;
  double clip_norm = 5.0;      // of the whole gradient; 0: no clipping
  double embedding_l2 = 5e-4;  // strength of the L2 penalty, added to the gradient
  double network_l2 = 1e-5;
  double inner_rate_factor = 10;            // inner rates learn at this multiple of `rate`
  std::optional<std::int64_t> warmup = {};  // steps; else warmup_of() decides
};

// A tenth of a run of so many steps, and at most 100, where the options say nothing.
std::int64_t warmup_of(const AdamOptions& options, std::int64_t total_steps);

// Those of the section train.
void declare(Options& add, AdamOptions& options);

}  // namespace warmstart
