// Interactions in files that each hold all rows of their tasks (data.grouped): a file's tasks are cleaned as soon as it
// is read, so that no row as it came goes through a temporary file, or from one rank to another.

#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "data/array_file.h"
#include "data/cleaned_shard.h"
#include "data/ingest_options.h"
#include "data/ingest_tables.h"
#include "data/spill.h"

namespace warmstart {

// Keeps the rows of one file in memory, and writes its tasks, cleaned, into one temporary file a shard and rank.
class GroupedWriter : public RowSink {
 public:
  // What these name must outlive this.
  GroupedWriter(std::filesystem::path folder, const IngestOptions& options, const IngestTables& tables, int rank);
  void add(std::string_view task, const Interaction& row, const FieldBuilders& fields) override;
  // Throws DataError for a task with more rows than can be counted.
  void end_file(const std::string& file) override;
  void close() override;

 private:
  void clean(std::size_t shard, const std::string& file, const SpillOfRank& own);

  std::filesystem::path folder_;
  const IngestOptions& options_;
  const IngestTables& tables_;
  int rank_;
  std::vector<std::string> records_;  // of the present file, by shard
  std::vector<std::unique_ptr<ArrayFileWriter>> cleaned_;
};

struct GroupedShard {
  CleanedShard tasks;
  LeftOutRows left_out;
};

// What all ranks have written of a shard, as one file would have made it.  Throws DataError for a task that two files
// have rows of, naming it and both, and for a temporary file that was changed.
GroupedShard read_grouped(const std::filesystem::path& folder, std::int64_t shard, const IngestOptions& options,
                          const IngestTables& tables, std::span<const SpillOfRank> ranks);

}  // namespace warmstart
