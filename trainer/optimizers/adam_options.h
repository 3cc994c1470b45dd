#pragma once

#include <cstdint>

namespace warmstart {

class Options;

struct AdamOptions {
  double rate = 3e-3;
  double beta1 = 0.9, beta2 = 0.99, epsilon = 1e-8;
  double clip_norm = 5.0;      // of the whole gradient; 0: no clipping
  double embedding_l2 = 5e-4;  // strength of the L2 penalty, added to the gradient
  double network_l2 = 1e-5;
  double inner_rate_factor = 10;  // inner rates learn at this multiple of `rate`
  std::int64_t warmup = 100;      // steps
};

// Those of the section train.
void declare(Options& add, AdamOptions& options);

}  // namespace warmstart
