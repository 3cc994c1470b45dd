#pragma once

#include <cstdint>

namespace warmstart {

class Options;

struct AlsOptions {
  std::int64_t factors = 16;
  double regularisation = 8.0;  // of factors, in rows' worth
  int rounds = 12;
};

// Those of the section evaluate.
void declare(Options& add, AlsOptions& options);

}  // namespace warmstart
