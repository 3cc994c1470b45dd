#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "data/cleaned_shard.h"
#include "data/ingest_tables.h"
#include "data/schema.h"
#include "data/task_split.h"

namespace warmstart {

// What an ingest has made of the tables, all of it finished.
struct DatasetParts {
  const Schema& schema;
  const IngestTables& tables;
  const TaskSplit& split;
  std::span<const std::int64_t> user_rows;  // of each user in training tasks
};

// What is told of a shard outside of it.
struct WrittenShard {
  std::string file, digest;
  std::string short_file, short_digest;  // of the tasks with too few rows; empty where there are none
  std::vector<std::uint32_t> rows;       // of each task
  std::vector<std::uint8_t> splits;      // likewise, a Split
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(WrittenShard, file, digest, short_file, short_digest, rows, splits)

// Writes the files of a data set into a folder: those of the vocabularies, the entities, the users and the shards in
// any order, on any rank, then what tells of all shards.  Each call throws EnvironmentError when the disk refuses.
class DatasetWriter {
 public:
  // What `parts` names must outlive this.
  DatasetWriter(std::filesystem::path folder, const DatasetParts& parts) : folder_(std::move(folder)), parts_(parts) {}

  void write_vocabularies() const;
  void write_entities() const;
  void write_users() const;  // where rows have users of their own
  WrittenShard write(const CleanedShard& shard, std::int64_t number) const;
  // `facts`: what dataset.json says beside the files, their sizes and the schema.
  void finish(const std::vector<WrittenShard>& shards, const nlohmann::json& facts) const;

 private:
  std::string write(const CleanedTasks& tasks, const std::string& file) const;
  nlohmann::json files_and_sizes(const std::vector<WrittenShard>& shards) const;

  std::filesystem::path folder_;
  DatasetParts parts_;
};

}  // namespace warmstart
