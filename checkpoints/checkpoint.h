// checkpoints/: a run on disk, so that it can go on.  It knows cluster/ and base/.
//
// A run's folder holds `step-00000100/` folders, complete or absent:
//
//   slice-00000-of-00002.h5   rank 0's share of each vector, under the vector's name (h5py opens it)
//   tables-00000-of-00064.h5  the rows of sharded tables in the first virtual shard, where there are such tables
//   manifest.json             written last: step, description, state, layout, the slices' sizes and digests, its own
//   digest
//
// docs/checkpoints.md describes the format.

#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "checkpoints/manifest.h"
#include "checkpoints/table_shards.h"
#include "cluster/communicator.h"

namespace warmstart {

using NamedTensors = std::vector<std::pair<std::string, at::Tensor>>;  // float32 on the host

struct Checkpoint {
  std::int64_t step = 0;       // meta-steps done
  nlohmann::json description;  // what the model is: options, schema, provenance
  RunState state;
  std::optional<double> validation_error;  // of this step; retention keeps the best
  Layout layout;
  // Flat, contiguous, float32, on the host, all of one length: `parameters`, and what the optimizer keeps.
  std::map<std::string, at::Tensor> vectors;
  std::vector<TableShards> tables = {};  // sharded ones: the rows that lie in `shards`
  ShardRange shards = {};
  bool rows_are_finite = true;           // as whoever has made it knows of all numbers that lie in their rows
  std::optional<TableFiles> files = {};  // where the tables are, of one that was read without their rows
  // To be written as a delta: tables have the rows that have changed since the run's full checkpoint of this step. What
  // is read has all rows.
  std::optional<std::int64_t> base = {};

  // Views of one vector as parameters.
  NamedTensors named(const std::string& vector = kParameters) const;
  // Whether there was a validation whose best parameters are kept.
  bool has_best() const { return vectors.contains(kBestParameters); }
};

// Reads a checkpoint's folder, or the newest of a run's that is accepted, sound, and whose digests all hold; says which
// it passed over and why.  Its parameters are finite; it has all rows of tables.  Throws DataError when there is none.
Checkpoint read_checkpoint(const std::filesystem::path& path, const AcceptManifest& accept = {});

// Collective.  As read_checkpoint on rank 0, and again where a newer one has come while those that there were could not
// be read, as of a run that trains and removes what it has superseded; rank 0 gives it to the others; but of tables
// each rank reads the rows of its own shards, into files in the folder `spill` where that is not empty (zeroed_rows.h).
// Throws AgreedError.
Checkpoint read_checkpoint_on_all(const std::filesystem::path& path, Communicator& group,
                                  const AcceptManifest& accept = {}, const std::filesystem::path& spill = {});

// Is shown a checkpoint with the tables' rows in one virtual shard, which it forgets when this returns.
using SeeShard = std::function<void(const Checkpoint& shard)>;

// Collective.  As read_checkpoint_on_all, but the rows of tables stay in their files: each rank has read those of its
// own shards, one after the other, and found them sound.  The files stay as long as what is returned, or a copy of its
// `files`, lives.  `see` is shown each shard as it is read, from the rank's first one on; from there again where the
// checkpoint proves damaged and an older one is read.
Checkpoint read_checkpoint_without_rows(const std::filesystem::path& path, Communicator& group,
                                        const AcceptManifest& accept = {}, const SeeShard& see = {});

// What a checkpoint that was read without rows has of one virtual shard.  Throws DataError.
Checkpoint read_shard(const TableFiles& files, std::int64_t shard);

// The folders of a run's checkpoints, newest first, damaged ones too.
std::vector<std::filesystem::path> checkpoints_of(const std::filesystem::path& run);

// Whether `path` is a checkpoint's folder.
bool is_checkpoint(const std::filesystem::path& path);

// Where a run's checkpoint of `step` lies.
std::filesystem::path checkpoint_folder(const std::filesystem::path& run, std::int64_t step);

// What a manifest says of a checkpoint; its slices are not yet known.
Manifest manifest_of(const Checkpoint& checkpoint);

}  // namespace warmstart
