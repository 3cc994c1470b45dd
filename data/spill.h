// Interactions on their way from tables to shards: partitioned by task into one
// temporary file a shard, so that memory holds one shard at a time.

#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "data/column.h"
#include "data/side_table.h"

namespace warmstart {

struct Interaction {
  std::uint32_t entity = 0;
  double label = 0.0;  // as found; of a spilled shard, a float32 as it is stored
  double time = 0.0;
  std::int64_t order = 0;   // position in the tables
  std::vector<Cell> cells;  // one a row field
};

class SpillWriter {
 public:
  SpillWriter(const std::filesystem::path& folder, std::int64_t shards);
  void add(std::string_view task, const Interaction& row, const FieldBuilders& fields);
  // Throws EnvironmentError when the disk refused anything.
  void close();

 private:
  std::filesystem::path folder_;
  std::vector<std::ofstream> files_;
  std::string record_;
};

struct SpilledTask {
  std::string key;
  std::vector<Interaction> rows;
};

// A row whose label options.transform has no number for, or one that cannot be learned from.
struct UnusableLabel {
  std::string task;
  std::uint32_t entity;
  double label;  // before the transform
};

// The time from which on rows of the task with this key are left out; infinity keeps all.
using EndOfTask = std::function<double(const std::string& task)>;

// What was spilled for one shard, cleaned: tasks in the order of their keys; no row from its task's end on; rows by
// time, then by order; of the rows with one entity what options.duplicates says; labels as options.transform makes
// them; no task under options.min_rows.
struct SpilledShard {
  std::vector<SpilledTask> tasks;
  std::int64_t late_rows = 0, duplicate_rows = 0, short_task_rows = 0;
  std::vector<UnusableLabel> unusable;
};
// Throws DataError when a record is cut, or names keys that the fields or entities (`entities` of them) lack.
SpilledShard read_spill(const std::filesystem::path& folder, std::int64_t shard, const FieldBuilders& fields,
                        std::size_t entities, const IngestOptions& options, const EndOfTask& end_of);

}  // namespace warmstart
