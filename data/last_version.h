#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "data/dataset.h"
#include "data/dataset_version.h"
#include "data/dataset_writer.h"
#include "data/ingest_tables.h"
#include "data/spill.h"
#include "data/task_split.h"
#include "data/training_statistics.h"

namespace warmstart {

// The version of a data set that new rows are appended to.  What it knows stays: entities have their numbers, keys
// their ids, dense fields their scale, tasks their split.
class LastVersion {
 public:
  // Throws UsageError where there is none, or where `options` would not add to it what it holds; DataError where it is
  // damaged, has other fields, or has been appended to with one of the files already.
  explicit LastVersion(const IngestOptions& options);

  std::int64_t rows_read() const { return rows_read_; }  // of the tables, in all versions
  std::int64_t shards() const { return dataset_.shards(); }
  std::int64_t tasks(std::int64_t shard) const {
    return dataset_.first_task(static_cast<std::size_t>(shard) + 1) -
           dataset_.first_task(static_cast<std::size_t>(shard));
  }

  // Gives the tables, before they are read, what it knows of entities and fields.  Throws DataError for other fields
  // than its own.
  void give(IngestTables& tables) const;
  // How many training rows each of its entities has, and all of them.
  std::vector<std::int64_t> entity_rows() const { return dataset_.training_rows(); }
  ShardStatistics training_rows() const;

  // Spills the rows of one shard as those of one more rank, says of its tasks where they stay, and takes back what
  // their fields were counted as.
  void spill(std::int64_t shard, SpillWriter& writer, IngestTables& tables, TaskSplit& split) const;

  // A shard that no new row is of, in the next version's folder: the same file under another name.
  WrittenShard link(std::int64_t shard, const std::filesystem::path& folder) const;

  // Throws DataError where the next version's shards are those of this one: its rows were there already.
  void check_is_more(const std::vector<WrittenShard>& shards) const;

  // What dataset.json says of where the next version comes from.
  nlohmann::json facts() const;

 private:
  void check_split_time() const;
  void check_not_appended_yet() const;
  void take_back(std::int64_t task, IngestTables& tables) const;
  void spill_tasks(const Shard& shard, SpillWriter& writer, IngestTables& tables) const;
  static std::vector<Cell> cells_of(std::span<const StoredColumn> columns, const FieldBuilders& fields,
                                    std::size_t index);

  const IngestOptions& options_;
  DatasetVersion version_;
  Dataset dataset_;
  std::int64_t rows_read_;
  nlohmann::json appended_;  // files and digests, of this version and the next
};

}  // namespace warmstart
