#include "trainer/training/rank_limit.h"

#include <fmt/format.h>

#include <algorithm>

namespace warmstart {

std::int64_t most_ranks(const Learner& model, const TrainOptions& options) {
  return model.sharded_tables().empty() ? options.microbatches : std::min(options.microbatches, kVirtualShards);
}

void require_shards(const Learner& model, std::int64_t ranks) {
  const auto& tables = model.sharded_tables().list();
  if (tables.empty() || ranks <= kVirtualShards) return;
  throw UsageError(
      fmt::format("{} ranks, and the rows of table '{}' lie in {} virtual shards, each of which one rank holds; use at "
                  "most {} ranks, or replicate the table: tables.default = replicated:{}",
                  ranks, tables.front().name, kVirtualShards, kVirtualShards, tables.front().ids));
}

}  // namespace warmstart
