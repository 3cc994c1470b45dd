#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "data/schema.h"
#include "data/split.h"

namespace warmstart {

// Version of the data set's layout; a reader refuses a newer one.  What has no users.h5 is of the version before.
constexpr int kDatasetVersion = 3, kDatasetVersionWithoutUsers = 2;

// What dataset.json says of a data set.
struct DatasetManifest {
  struct Counts {
    std::int64_t tasks = 0, rows = 0;
    bool operator==(const Counts&) const = default;
  };
  struct Shard {
    std::string file, digest;
    Counts counts;
    std::string short_file = {}, short_digest = {};  // of tasks with too few rows; empty where there are none
  };
  // Rows' own, beside their entities: each stands once, in users.h5.
  struct Users {
    std::int64_t count = 0;
    std::set<std::string> fields = {};  // the row fields that are theirs
  };

  nlohmann::json json;  // all of it, for people
  std::string digest;   // of the file
  Schema schema;
  Counts counts;
  std::int64_t entities = 0;
  std::optional<Users> users;            // of scenarios, unless version 2 or before has made it
  double label_mean = 0.0;               // of the training rows
  std::optional<double> split_time;      // from which on training tasks have no rows
  std::array<Counts, kSplits> splits{};  // by Split
  std::vector<Shard> shards;
  std::map<std::string, std::string> digests;  // of the other files
};

// Reads `folder`/dataset.json.  Throws DataError naming the file and the key when something is missing, of another
// type, out of its range or at odds with the rest of it, or when it is of a newer version.
DatasetManifest read_dataset_manifest(const std::filesystem::path& folder);

}  // namespace warmstart
