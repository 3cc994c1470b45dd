#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "checkpoints/run_state.h"

namespace warmstart {

// Version of the layout, and the first that is read; a reader refuses others.  Version 4 may have deltas of tables that
// grow, which a reader of version 3 would take for all rows.
constexpr int kCheckpointVersion = 4, kFirstCheckpointVersion = 3;

constexpr const char* kManifest = "manifest.json";

// Names of a checkpoint's vectors.
constexpr const char* kParameters = "parameters";
constexpr const char* kBestParameters = "best_parameters";  // on validation; absent before the first
constexpr const char* kFirstMoment = "adam_first_moment";
constexpr const char* kSecondMoment = "adam_second_moment";

// The parameters in each vector, in order.
struct ParameterShape {
  std::string name;
  std::vector<std::int64_t> shape;
  bool operator==(const ParameterShape&) const = default;
};
using Layout = std::vector<ParameterShape>;

// A sharded table: its rows lie by virtual shard in files of their own, in arrays "name/array".
struct ManifestTable {
  struct Array {
    std::string name;
    std::int64_t width;  // numbers of a row, float32; 0: one, int64
  };
  std::string name;
  std::int64_t rows = 0, width = 0;  // of one that grows, as many rows as there can be; a width may be 0 there
  std::vector<Array> arrays;
  std::string ids_of = {};  // of one that grows: which ids its keys are of
  bool named = false;       // whether its rows have names
  std::string index = {};   // of rows of one that grows: the table with their addresses
  std::string base = {};    // of those in a delta: the base's table that rows come from which have not changed
  bool grows() const { return !ids_of.empty(); }
};

// What manifest.json says of a checkpoint.
struct Manifest {
  struct Slice {
    std::string file, digest;
    std::int64_t first, count;  // elements of each vector
    std::int64_t bytes;         // of the file
  };

  std::int64_t step = 0;       // meta-steps done
  nlohmann::json description;  // what the model is: options, schema, provenance
  RunState state;
  std::optional<double> validation_error;  // of this step; retention keeps the best
  Layout layout;
  std::vector<std::string> vectors;  // their names
  std::int64_t count = 0;            // elements of each
  std::vector<Slice> slices;         // in order, without a gap
  struct File {
    std::string file, digest;
    std::int64_t bytes;
  };
  std::vector<ManifestTable> tables = {};  // sharded ones
  std::vector<File> table_files = {};      // one a virtual shard, in order; none where there are no such tables
  // A delta: tables have only the rows that have changed since the full checkpoint of another step of the run, whose
  // manifest's text has this digest.
  struct Base {
    std::int64_t step;
    std::string digest;
  };
  std::optional<Base> base = {};
  double write_seconds = 0.0;

  bool has_vector(const std::string& name) const;
  // Whether each shard's file has as many rows of the table as there are places; else it has what it has.
  bool has_all_rows(const ManifestTable& table) const;
};

// Checks a manifest before its slices are read; throws DataError for a checkpoint that is to be passed over,
// any other Error to give up.
using AcceptManifest = std::function<void(const Manifest& manifest)>;

nlohmann::json to_json(const Manifest& manifest);

// Throws DataError naming the key when something is missing, of another type, out of its range or at odds with the
// rest: the layout's shapes and the slices make up `count` elements, names are there once, files are of this folder.
Manifest manifest_from_json(const nlohmann::json& json);

// The manifest of a checkpoint's folder, once it has proved to be undamaged, sound and of this version, with its slices
// there in full size, so that `count` elements of all vectors are no more than what lies on disk.  Throws DataError.
Manifest read_manifest(const std::filesystem::path& folder);

// Sets a manifest's own digest and gives the text of its file.
std::string sealed(nlohmann::json manifest);

}  // namespace warmstart
