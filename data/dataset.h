// A data set on disk: dataset.json (schema, counts, digests), vocabulary.h5,
// entities.h5 (what rows are about), users.h5 (of scenarios: whose rows they are),
// tasks.h5 (rows and split of each task), and shards of whole tasks, opened when
// first needed.
//
// Thread-safe.

#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "data/dataset_manifest.h"
#include "data/schema.h"
#include "data/shard.h"
#include "data/split.h"

namespace warmstart {

class Dataset {
 public:
  // Throws DataError when a file is missing, damaged, of a newer version, or at odds with another: all that tasks and
  // vocabularies refer to is there, whether or not digests are checked.  With `verify`, the digest of each file is
  // checked when it is first opened; shards are opened, and checked in the same way, by task().
  Dataset(const std::filesystem::path& folder, bool verify);

  const std::filesystem::path& folder() const { return folder_; }
  const nlohmann::json& manifest() const { return manifest_.json; }
  const Schema& schema() const { return manifest_.schema; }
  double label_mean() const { return manifest_.label_mean; }  // of the training rows
  // From which on training tasks have no rows, where they were split by time.
  std::optional<double> split_time() const { return manifest_.split_time; }
  std::string digest() const { return manifest_.digest; }

  // Tasks are numbered 0..tasks()-1, shard by shard.
  std::int64_t tasks() const { return static_cast<std::int64_t>(row_counts_.size()); }
  std::uint32_t row_count(std::int64_t task) const { return row_counts_[static_cast<std::size_t>(task)]; }
  Split split(std::int64_t task) const { return static_cast<Split>(splits_[static_cast<std::size_t>(task)]); }
  std::vector<std::int64_t> tasks_of(Split split) const;

  struct TaskView {
    const Shard* shard;
    std::size_t index;  // in the shard
    TaskRows rows;
    std::string key() const { return shard->key(index); }
  };
  TaskView task(std::int64_t task) const;

  std::int64_t entities() const { return manifest_.entities; }
  std::string entity_key(std::int64_t entity) const { return entities_->text("key", static_cast<std::size_t>(entity)); }
  const std::vector<StoredColumn>& entity_fields() const { return entity_fields_; }
  // Of each entity, in training tasks; 0 of one whose key is unknown.
  std::vector<std::int64_t> training_rows() const;

  // Whether rows have users of their own, who stand once, in users.h5; how many, their keys and fields, and of each its
  // rows in training tasks.
  bool has_users() const { return manifest_.users.has_value(); }
  const StoredUsers& users() const { return users_; }
  std::string user_key(std::size_t user) const { return users_file_->text("key", user); }
  std::span<const std::int64_t> users_training_rows() const {
    return users_file_->array<std::int64_t>("training_rows");
  }

  // The raw keys of a field: element id - 1 is the key of `id`; and how often it stands in training rows, or, where a
  // table of entities or tasks says it, in how many of those that have training rows.
  std::vector<std::string> vocabulary(const Field& field) const;
  std::string vocabulary_key(const Field& field, std::int64_t id) const;  // of 1 to its size
  std::vector<std::int64_t> vocabulary_counts(const Field& field) const;

  std::int64_t shards() const { return static_cast<std::int64_t>(shards_.size()); }
  const DatasetManifest::Shard& shard_entry(std::size_t shard) const { return manifest_.shards[shard]; }
  std::int64_t first_task(std::size_t shard) const { return shard_first_[shard]; }  // of shards() too: tasks()
  // Those of a shard's tasks that had too few rows, which no task() gives; null where there are none.
  std::unique_ptr<Shard> short_tasks(std::size_t shard) const;

  // Throws DataError naming the first file whose digest differs from the manifest's.
  void verify() const;

 private:
  const Shard& shard(std::size_t index) const;
  void verify_file(const std::string& name, const std::string& digest) const;
  void open(std::unique_ptr<Hdf5Mapping>& file, const char* name);
  void check_tasks() const;
  void check_entities();
  void read_users();
  void check_vocabularies() const;
  void check_shard(const Shard& shard, std::size_t index) const;
  [[noreturn]] void refuse(const std::string& file, const std::string& what) const;

  std::filesystem::path folder_;
  bool verify_;
  DatasetManifest manifest_;
  std::unique_ptr<Hdf5Mapping> tasks_file_, entities_, vocabulary_, users_file_;
  std::span<const std::uint32_t> row_counts_;
  std::span<const std::uint8_t> splits_;
  std::span<const std::int64_t> shard_first_;
  std::vector<StoredColumn> entity_fields_;
  StoredUsers users_;
  mutable std::mutex mutex_;
  mutable std::vector<std::unique_ptr<Shard>> shards_;
};

}  // namespace warmstart
