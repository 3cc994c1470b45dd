#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "checkpoints/checkpoint_hold.h"
#include "checkpoints/manifest.h"
#include "cluster/virtual_shards.h"

namespace warmstart {

// Names of arrays: a row's values, those that did best on validation, and, in deltas, the row's place in its shard; of
// growing tables, what their keys are known by.
constexpr const char* kTableValues = "values";
constexpr const char* kBestTableValues = "best_values";
constexpr const char* kTablePlaces = "place";
constexpr const char* kTableAddress = "address";

// A sharded table's rows in some virtual shards, as a checkpoint keeps them, one shard after the other.
struct TableShards {
  std::string name;
  std::int64_t rows = 0, width = 0;  // of the whole table; of one that grows, as many rows as there can be
  // Numbers beside each row, its values and what an optimizer keeps: float32 [places, n], or int64 [places].
  // Contiguous, in host memory.
  std::map<std::string, at::Tensor> arrays;

  // Of one that grows, and in deltas: how many rows each shard has.
  std::vector<std::int64_t> counts = {};
  // Of one that grows: which ids its keys are of, and, where it has names, each row's.
  std::string ids_of = {};
  std::vector<std::string> names = {};
  // Of rows of one that grows: the table with their addresses (kTableAddress), ascending in each shard; in a delta also
  // the base's table that rows come from which have not changed, whose addresses kept_rows(index) has.
  std::string index = {}, base = {};
  bool grows() const { return !ids_of.empty(); }
};

// The name of a delta's table with the addresses of the rows that are still there as the base has them.
std::string kept_rows(const std::string& index);

// A checkpoint's files of tables, and what its manifest says of them; while any copy of this lives, no run removes
// them.
struct TableFiles {
  std::filesystem::path folder;
  Manifest manifest;
  std::shared_ptr<const CheckpointHold> hold = {}, base_hold = {};  // null where there are no tables, or no base
};
// Throws DataError where the files are not there any more.
TableFiles held_files(const std::filesystem::path& folder, const Manifest& manifest);

// What a manifest says of them.
std::vector<ManifestTable> described(const std::vector<TableShards>& tables);

// A checkpoint's file of one virtual shard.
std::string table_file_name(std::int64_t shard);

// Writes the files of `shards`, which `tables` have the rows of; returns their digests.
std::vector<std::string> write_table_files(const std::filesystem::path& folder, const std::vector<TableShards>& tables,
                                           ShardRange shards);

// Reads those of `shards`, of a delta with what it rests on, into files in the folder `spill` where that is not empty
// (zeroed_rows.h).  Throws DataError naming the file that is damaged, or has not what the manifest says.
std::vector<TableShards> read_table_files(const std::filesystem::path& folder, const Manifest& manifest,
                                          ShardRange shards, const std::filesystem::path& spill = {});

}  // namespace warmstart
