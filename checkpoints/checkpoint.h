// checkpoints/: a model on disk.  It knows cluster/ and base/.
//
// A run's folder holds `step-00000100/` folders, complete or absent:
//
//   parameters.h5   one array a parameter, under its name (h5py opens it)
//   manifest.json   format version, step, the caller's description, digest of parameters.h5

#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

namespace warmstart {

// Version of the layout; a reader refuses a newer one.
constexpr int kCheckpointVersion = 1;

using NamedTensors = std::vector<std::pair<std::string, at::Tensor>>;  // contiguous float32 on the host

struct Checkpoint {
  std::int64_t step = 0;
  nlohmann::json description;  // what the model is: options, schema, provenance
  NamedTensors parameters;
};

// Writes `run/step-<step>`, replacing nothing: throws UsageError if it is there already,
// EnvironmentError when the disk refuses.  Called by one rank.  Returns the folder.
std::filesystem::path write_checkpoint(const std::filesystem::path& run, const Checkpoint& checkpoint);

// Reads a checkpoint's folder, or the newest of a run's whose digest holds; says which it
// passed over.  Throws DataError when there is none.
Checkpoint read_checkpoint(const std::filesystem::path& path);

// Whether `path` is a checkpoint's folder.
bool is_checkpoint(const std::filesystem::path& path);

}  // namespace warmstart
