#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "data/dataset_writer.h"
#include "data/ingest_tables.h"
#include "data/spill.h"
#include "data/task_split.h"
#include "data/training_statistics.h"

namespace warmstart {

// The version of a data set that an ingest adds rows to.  What it knows stays: entities have their numbers, keys their
// ids, tasks their split and, unless statistics are renewed, dense fields their scale.  This one, which comes before a
// first version, knows nothing.
class LastVersion {
 public:
  LastVersion() = default;
  LastVersion(const LastVersion&) = delete;
  LastVersion& operator=(const LastVersion&) = delete;
  virtual ~LastVersion() = default;

  // By which the new rows are read and cleaned, into which folder.
  virtual IngestOptions for_new_rows(const IngestOptions& options) const { return options; }
  virtual std::filesystem::path next_folder(const IngestOptions& options) const { return options.dataset; }

  virtual std::int64_t rows_read() const { return 0; }  // of the tables, in all versions
  virtual std::int64_t shards() const { return 0; }
  virtual std::int64_t tasks(std::int64_t /*shard*/) const { return 0; }

  // Whether the next version's statistics are of all rows: none of its own are gone on from, and no shard is linked.
  virtual bool renews_statistics() const { return false; }

  // Gives the tables, before they are read, what it knows of entities and fields.  Throws DataError for other fields
  // than its own.
  virtual void give(IngestTables& /*tables*/) const {}
  // What the next version's counts go on from: how many training rows each of its entities and users has, and what all
  // of them say.
  virtual EarlierRowCounts row_counts() const { return {}; }
  virtual ShardStatistics training_rows() const { return {}; }

  // Spills the rows of one shard as those of one more rank, says of its tasks where they stay, and takes back what
  // their fields were counted as.
  virtual void spill(std::int64_t /*shard*/, RowSink& /*sink*/, IngestTables& /*tables*/, TaskSplit& /*split*/) const {}

  // Collective.  Splits the tasks that it does not have.
  virtual void finish(TaskSplit& split, IngestRanks& ranks) const { split.finish(ranks); }

  // One of its shards that no new row is of, in the next version's folder: the same file under another name.
  virtual WrittenShard link(std::int64_t /*shard*/, const std::filesystem::path& /*folder*/) const { return {}; }

  // Throws DataError where the next version's shards are those of this one: its rows were there already.  Where
  // statistics are renewed, they are new.
  virtual void check_is_more(const std::vector<WrittenShard>& /*shards*/) const {}

  // What dataset.json says of where the next version comes from.
  virtual nlohmann::json facts() const { return nlohmann::json::object(); }
};

// The one that `options` append to, or that before a first one.  Throws UsageError where there is none, or where
// `options` would not add to it what it holds; DataError where it is damaged, or has been appended to with one of the
// files already.  `options` must outlive it.
std::unique_ptr<LastVersion> last_version(const IngestOptions& options);

}  // namespace warmstart
