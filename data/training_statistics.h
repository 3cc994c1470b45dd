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
  std::vector<Moments> of_rows, of_tasks, of_users;  // one a field
  void add(const ShardStatistics& later);
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(ShardStatistics, rows, label_sum, label_min, label_max, of_rows, of_tasks, of_users)

// None of any field yet.
ShardStatistics no_statistics(const IngestTables& tables);

// How many training rows each entity has, and each user where rows have users of their own.
struct RowCounts {
  std::span<std::int64_t> of_entities, of_users;
};
// Of the first entities and users, those of the last version.
struct EarlierRowCounts {
  std::vector<std::int64_t> of_entities = {}, of_users = {};
};

// Counts the keys of training tasks and of their rows in `tables`, and the rows of each entity and user.  `times` is 1,
// or -1 for rows that the last version has counted; of its tasks see LastVersion.
ShardStatistics count_training_rows(const CleanedTasks& tasks, const TaskSplit& split, IngestTables& tables,
                                    const RowCounts& counts, std::int64_t times = 1);

// Collective.  Once each rank has counted its shards: adds up what they have counted, with the earlier rows, and counts
// the fields of the entities that training rows are of, once each, and of the users, once a row.
void unite_counts(IngestTables& tables, const RowCounts& counts, const EarlierRowCounts& earlier,
                  const ShardStatistics& of_all, IngestRanks& ranks);

}  // namespace warmstart
