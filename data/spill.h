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

// Of a row that has no user of its own.
constexpr std::uint32_t kNoUser = KeyNumbers::kAbsent;

// As it is read from a table.
struct Interaction {
  std::uint32_t entity = 0;
  double label = 0.0;
  double time = 0.0;
  std::int64_t order = 0;   // position among the rows that this rank reads
  std::vector<Cell> cells;  // one a row field
  std::uint32_t user = kNoUser;
};

// Where a rank's rows go as they are read.  Throws EnvironmentError when the disk refuses.
class RowSink {
 public:
  explicit RowSink(std::int64_t shards) : rows_(static_cast<std::size_t>(shards), 0) {}
  RowSink(const RowSink&) = delete;
  RowSink& operator=(const RowSink&) = delete;
  virtual ~RowSink() = default;
  virtual void add(std::string_view task, const Interaction& row, const FieldBuilders& fields) = 0;
  // The rows since the last call were those of a file, as far as this rank reads it.
  virtual void end_file(const std::string& file) = 0;
  // Call last.
  virtual void close() = 0;
  // So far, by shard.
  const std::vector<std::int64_t>& rows() const { return rows_; }

 protected:
  void count_row(std::size_t shard) { ++rows_[shard]; }

 private:
  std::vector<std::int64_t> rows_;
};

// The shard of a task: by its key's digest, which does not depend on the order of the rows, and is even.
std::size_t shard_of(std::string_view task, std::size_t shards);

// Appends a row to the records of its shard.
void append_record(std::string& records, std::string_view task, const Interaction& row, const FieldBuilders& fields);

// Rows as they are, by shard.
class SpillWriter : public RowSink {
 public:
  // Of one rank.
  SpillWriter(const std::filesystem::path& folder, std::int64_t shards, int rank);
  void add(std::string_view task, const Interaction& row, const FieldBuilders& fields) override;
  void end_file(const std::string& /*file*/) override {}
  void close() override;

 private:
  void write(std::size_t shard);

  std::filesystem::path folder_;
  std::vector<std::ofstream> files_;
  std::vector<std::string> unwritten_;  // by shard, the records behind those in its file
  std::size_t most_unwritten_;          // bytes of a shard
};

struct SpilledRow {
  std::uint32_t entity = 0;
  std::uint32_t user = kNoUser;
  double label = 0.0;  // as found; once the shard is cleaned, a float32 as it is stored
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

// What cleaning leaves out of a shard.
struct LeftOutRows {
  std::int64_t late = 0, duplicate = 0, of_short_tasks = 0;
  std::vector<UnusableLabel> unusable;  // in the order of their tasks
};

// Tasks in the order of their keys, rows as they came; clean() makes of them what is stored.
struct SpilledShard {
  SpilledShard() = default;
  SpilledShard(SpilledShard&&) = default;  // rows of a copy would point into the original
  std::vector<SpilledTask> tasks;
  std::vector<SpilledTask> short_tasks;  // with fewer rows than a task must have
  std::vector<std::string> empty_tasks;  // of which no row is left
  LeftOutRows left_out;
  std::vector<std::string> contents;  // of the files, in which cells lie
};

// What one rank's files are to be read by: the numbers that it gave to keys, and how many rows of the tables stand
// before its own.
struct SpillOfRank {
  int writer;  // the rank that SpillWriter was told
  NumbersOfRank entities;
  std::vector<NumbersOfRank> keys;  // by row field; of a dense one unused
  std::int64_t rows_before = 0;
  NumbersOfRank users = NumbersOfRank(0);  // where rows have them
};

struct SpillReader {
  std::filesystem::path folder;
  const FieldBuilders& fields;
  std::span<const SpillOfRank> ranks;
  bool has_time, has_user;    // without times, a row's position stands for it
  std::size_t first_derived;  // of the fields

  // Throws DataError when a record is cut, or names keys that there are not.
  SpilledShard read(std::int64_t shard) const;
  // Of records that are in no file, those of the only one of `ranks`.
  SpilledShard read(std::string records) const;
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
