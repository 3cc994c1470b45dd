// Interactions on their way from tables to shards: partitioned by task into one temporary file a shard and rank, so
// that memory holds one shard at a time.

#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "data/column.h"
#include "data/side_table.h"
#include "data/united_keys.h"

namespace warmstart {

// As it is read from a table.
struct Interaction {
  std::uint32_t entity = 0;
  double label = 0.0;
  double time = 0.0;
  std::int64_t order = 0;   // position among the rows that this rank reads
  std::vector<Cell> cells;  // one a row field
};

class SpillWriter {
 public:
  // Of one rank.
  SpillWriter(const std::filesystem::path& folder, std::int64_t shards, int rank);
  void add(std::string_view task, const Interaction& row, const FieldBuilders& fields);
  // Throws EnvironmentError when the disk refused anything.
  void close();
  // So far, by shard.
  const std::vector<std::int64_t>& rows() const { return rows_; }

 private:
  std::filesystem::path folder_;
  std::vector<std::ofstream> files_;
  std::vector<std::int64_t> rows_;
  std::string record_;
};

struct SpilledRow {
  std::uint32_t entity = 0;
  std::uint32_t user = 0;  // of scenarios: the first of the row's fields
  double label = 0.0;      // as found; once the shard is cleaned, a float32 as it is stored
  double time = 0.0;
  std::int64_t order = 0;       // position in the tables
  char* derived = nullptr;      // where its derived cells are, numbers, one behind the other
  const char* cells = nullptr;  // for CellReader
};

struct SpilledTask {
  std::string key;
  std::vector<SpilledRow> rows;
};

// A row whose label options.transform has no number for, or one that cannot be learned from.
struct UnusableLabel {
  std::string task;
  std::uint32_t entity;
  double label;  // before the transform
};

// Tasks in the order of their keys, rows as they came; clean() makes of them what is stored.
struct SpilledShard {
  SpilledShard() = default;
  SpilledShard(SpilledShard&&) = default;  // rows of a copy would point into the original
  std::vector<SpilledTask> tasks;
  std::vector<SpilledTask> short_tasks;  // with fewer rows than a task must have
  std::int64_t late_rows = 0, duplicate_rows = 0, short_task_rows = 0;
  std::vector<UnusableLabel> unusable;
  std::vector<std::string> contents;  // of the files, in which cells lie
};

// What one rank's files are to be read by: the numbers that it gave to keys, and how many rows of the tables stand
// before its own.
struct SpillOfRank {
  int writer;  // the rank that SpillWriter was told
  NumbersOfRank entities;
  std::vector<NumbersOfRank> keys;  // by row field; of a dense one unused
  std::int64_t rows_before = 0;
};

struct SpillReader {
  std::filesystem::path folder;
  const FieldBuilders& fields;
  std::span<const SpillOfRank> ranks;
  bool has_time, has_user;    // without times, a row's position stands for it
  std::size_t first_derived;  // of the fields

  // Throws DataError when a record is cut, or names keys that there are not.
  SpilledShard read(std::int64_t shard) const;
};

// The cells of rows, which it holds one row at a time.
class CellReader {
 public:
  explicit CellReader(const FieldBuilders& fields) : fields_(fields), cells_(fields.size()) {}
  const std::vector<Cell>& of(const SpilledRow& row);

 private:
  const FieldBuilders& fields_;
  std::vector<Cell> cells_;
};

}  // namespace warmstart
