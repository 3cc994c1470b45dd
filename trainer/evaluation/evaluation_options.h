#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "data/episode_options.h"

namespace warmstart {

class Options;

struct EvaluationOptions {
  std::vector<std::string> support = {"0", "1", "3", "5", "10", "all"};  // support sizes, in rows
  std::int64_t query = 10;                                               // rows that judge
  RowOrder order = RowOrder::kTime;  // the last `query` rows by time judge, or a seeded choice
  std::uint64_t seed = 0;
  bool baselines = true;  // whether the bias model and ALS are fitted and judged beside the model
};

// The section evaluate.
void declare(Options& add, EvaluationOptions& options);

// Throws UsageError when the support sizes are none, or one of them is no size or stands twice.
void check(const EvaluationOptions& options);

// A support size in rows: more than a task has for "all".  Throws UsageError for what is no size.
std::uint32_t rows_of(const std::string& support);

}  // namespace warmstart
