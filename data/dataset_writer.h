#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "data/dataset_manifest.h"
#include "data/schema.h"
#include "data/side_table.h"
#include "data/spill.h"
#include "data/split.h"

namespace warmstart {

// What an ingest has made of the tables, all of it finished.
struct DatasetParts {
  const Schema& schema;
  const FieldBuilder& key;  // the entities'
  const SideTable &entities, &tasks;
  const FieldBuilders& row_fields;
  const TaskSplit& split;
};

// Writes the files of a data set into a folder: first those of the vocabularies and the entities, then shard by shard,
// then what tells of all shards.  Each call throws EnvironmentError when the disk refuses, and DataError when one long
// key would blow up a file.
class DatasetWriter {
 public:
  // What `parts` names must outlive this.
  DatasetWriter(std::filesystem::path folder, const DatasetParts& parts) : folder_(std::move(folder)), parts_(parts) {}

  void write_vocabularies() const;
  void write_entities() const;
  void add_shard(const SpilledShard& shard);
  // `facts`: what dataset.json says beside the files, their sizes and the schema.
  void finish(const nlohmann::json& facts) const;

  // Of all shards so far.
  std::int64_t tasks() const { return static_cast<std::int64_t>(task_rows_.size()); }
  std::int64_t rows() const;

 private:
  void add_task(const SpilledTask& task);
  void write_tasks() const;
  nlohmann::json splits() const;
  nlohmann::json files() const;

  std::filesystem::path folder_;
  DatasetParts parts_;
  std::vector<std::uint8_t> task_split_;
  std::vector<std::uint32_t> task_rows_;
  std::vector<std::int64_t> shard_first_ = {0};
  std::array<DatasetManifest::Counts, kSplits> counts_{};  // by Split
  nlohmann::json shards_ = nlohmann::json::array();
};

}  // namespace warmstart
