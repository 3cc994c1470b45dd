#pragma once

#include <cmath>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <span>
#include <vector>

#include "data/cleaned_shard.h"
#include "data/ingest_tables.h"
#include "data/task_split.h"

namespace warmstart {

// What the training rows of one shard say.  Shards are added in their order, whichever rank has counted them: the sums
// do not depend on the number of ranks.
struct ShardStatistics {
  std::int64_t rows = 0;
  double label_sum = 0.0, label_min = INFINITY, label_max = -INFINITY;
  std::vector<Moments> of_rows, of_tasks;  // one a field
  void add(const ShardStatistics& later);
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(ShardStatistics, rows, label_sum, label_min, label_max, of_rows, of_tasks)

// Counts the keys of training tasks and of their rows in `tables`, and in `entity_rows` how many rows each entity has.
// `times` is 1, or -1 for rows that the last version has counted; of its tasks see LastVersion.
ShardStatistics count_training_rows(const CleanedTasks& tasks, const TaskSplit& split, IngestTables& tables,
                                    std::span<std::int64_t> entity_rows, std::int64_t times = 1);

// Collective.  Once each rank has counted its shards: adds up what they have counted, with `earlier` rows of the first
// entities, and counts the fields of the entities that training rows are of.
void unite_counts(IngestTables& tables, std::span<std::int64_t> entity_rows, std::span<const std::int64_t> earlier,
                  const ShardStatistics& of_all, IngestRanks& ranks);

}  // namespace warmstart
