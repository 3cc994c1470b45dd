#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "data/clean_shard.h"
#include "data/cleaned_shard.h"
#include "data/entity_days.h"
#include "data/ingest_options.h"
#include "data/ingest_tables.h"
#include "data/spill.h"
#include "data/task_split.h"

namespace warmstart {

// Makes of what ranks have spilled of a shard what is stored of it, once, into a temporary file, which whoever asks
// again is told from.  Used by one thread.
class ShardCleaning {
 public:
  // `asked`: the options as the user has set them, by which what is left out is told; `options`: those that rows are
  // cleaned by.  What these name must outlive this.
  ShardCleaning(std::filesystem::path folder, const IngestOptions& asked, const IngestOptions& options,
                const IngestTables& tables, const EntityDays& entity_days);

  // What one rank has spilled of the new rows, in the order of the ranks; then what was spilled of the last version.
  void add(SpillOfRank spilled) { spilled_.push_back(std::move(spilled)); }
  void add_last_version(SpillOfRank spilled) {
    new_ranks_ = spilled_.size();
    add(std::move(spilled));
  }

  // Each of the following throws DataError for a temporary file that was changed, for a task with more rows than can
  // be counted, and for a label that nothing can be learned from, unless rejections take it.

  // The keys of its tasks, by all rows of each, as tasks are split by.
  std::vector<std::string> task_keys(std::int64_t shard);
  // As it is stored.
  CleanedShard stored(std::int64_t shard, const TaskSplit& split);
  // What was left out of it, as Rejections tell it.
  nlohmann::json left_out(std::int64_t shard);
  // What the last version has of it, alone.
  CleanedShard of_last_version(std::int64_t shard) const;

 private:
  SpilledShard cleaned(std::int64_t shard, std::span<const SpillOfRank> ranks, const EndOfTask& end_of) const;
  CleanedShard keep(std::int64_t shard, CleanedShard cleaned, const LeftOutRows& left_out);
  nlohmann::json told(const LeftOutRows& left_out) const;
  void reject(const UnusableLabel& row, Rejections& rejections) const;
  std::filesystem::path file_of(std::int64_t shard) const;

  std::filesystem::path folder_;
  const IngestOptions &asked_, &options_;
  const IngestTables& tables_;
  const EntityDays& entity_days_;
  std::vector<SpillOfRank> spilled_;
  std::optional<std::size_t> new_ranks_;             // where a last version has been spilled, too
  std::map<std::int64_t, nlohmann::json> left_out_;  // of the shards that there is a file of
};

}  // namespace warmstart
