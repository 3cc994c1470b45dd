#pragma once

#include <filesystem>

#include "checkpoints/checkpoint_writer.h"

namespace warmstart {

class Options;

struct SaveOptions {
  std::filesystem::path run;     // the folder that checkpoints go to; empty: none are written
  std::int64_t every_steps = 0;  // 0: by time only
  double every_minutes = 5;      // 0: by steps only
  std::int64_t full_every = 1;   // checkpoints of which one has all rows of sharded tables
  Retention retention;
  bool strict = false;  // a checkpoint that cannot be written ends the run
};

// Those of the section train; `run` is not among them.
void declare(Options& add, SaveOptions& options);

}  // namespace warmstart
