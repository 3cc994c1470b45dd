// What a version of an exported model has new against an older one, to be applied where the older one is:
//
//   NAME/V/since-U/changes.json     which bytes of which file; digests
//   NAME/V/since-U/tables.parquet   the rows of embedding tables that changed (table_changes.h)
//   NAME/V/since-U/bytes            all else that changed, one piece after the other
//
// Both versions have files of the same names and sizes, as long as network, options and vocabularies are the same: a
// table lies in them as its values, so that a row is written where it was.  The result is the newer version, byte for
// byte.

#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "serving/model_table.h"

namespace warmstart {

// A version's files by their names in model.json, as "NAME-adapt/model.onnx", and NAME/model.json itself.
struct VersionFiles {
  std::string name, version;
  std::map<std::string, std::filesystem::path> paths;
};

// Of a version that stands in a repository.  Throws DataError where its model.json cannot be read.
VersionFiles version_files(const std::filesystem::path& repository, const std::string& name,
                           const std::string& version);

// Writes into `folder`, which is made; `tables` are the newer version's.  Returns how many of their rows changed.
std::int64_t write_changes(const VersionFiles& since, const VersionFiles& version,
                           const std::vector<ModelTable>& tables, const std::filesystem::path& folder);

// Makes the newer version, complete or absent, in a repository that holds the older one; the folder of it.  Throws
// DataError for changes that are damaged, or of another older version than the one there, and UsageError where the
// newer one is there already.
std::filesystem::path apply_changes(const std::filesystem::path& changes, const std::filesystem::path& repository);

}  // namespace warmstart
