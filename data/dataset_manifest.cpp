#include "data/dataset_manifest.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "base/digest.h"
#include "base/errors.h"
#include "base/files.h"
#include "base/json.h"
#include "base/text.h"

namespace warmstart {
namespace {

using Counts = DatasetManifest::Counts;

constexpr std::int64_t kMostEntities = std::int64_t{1} << 32;
constexpr std::array kOtherFiles = {"tasks.h5", "entities.h5", "vocabulary.h5"};
constexpr const char* kUsersFile = "users.h5";

void check_version(const nlohmann::json& json) {
  if (text_at(json, "format") != "warmstart-dataset") throw DataError("is not the manifest of a data set");
  if (const auto version = integer_at(json, "version", 1); version > kDatasetVersion) {
    throw DataError(
        fmt::format("made by a newer Warmstart (format version {}, this one reads up to {}); "
                    "update Warmstart or ingest the tables again",
                    version, kDatasetVersion));
  }
}

Counts counts_in(const nlohmann::json& json) { return {integer_at(json, "tasks"), integer_at(json, "rows")}; }

// Of all parts, which must be those of the whole.
template <typename Parts, typename CountsOf>
void check_sum(const Parts& parts, CountsOf counts_of, const Counts& whole, const char* name) {
  Counts sum;
  for (const auto& part : parts) {
    const Counts& counts = counts_of(part);
    // No part is larger than the whole, so the sums cannot overflow.
    if (counts.tasks > whole.tasks - sum.tasks || counts.rows > whole.rows - sum.rows) break;
    sum = {sum.tasks + counts.tasks, sum.rows + counts.rows};
  }
  if (sum != whole)
    throw DataError(fmt::format("the tasks and rows of '{}' do not add up to those of the whole", name));
}

void read_splits(DatasetManifest& manifest) {
  const auto& splits = object_at(manifest.json, "splits");
  for (std::size_t i = 0; i < kSplits; ++i)
    manifest.splits[i] = counts_in(object_at(splits, name_of(static_cast<Split>(i))));
  if (splits.size() != kSplits) throw DataError("'splits' has another key than train, validation and test");
  check_sum(
      manifest.splits, [](const Counts& split) { return split; }, manifest.counts, "splits");
}

void read_users(DatasetManifest& manifest) {
  if (!manifest.json.contains("users")) return;
  const auto& json = object_at(manifest.json, "users");
  DatasetManifest::Users users = {integer_at(json, "count", 0, kMostEntities)};
  const auto row_fields = manifest.schema.fields_of(FieldOwner::kRow);
  for (const auto& entry : list_at(json, "fields")) {
    const auto& name = as_text(entry, "'fields' of 'users'");
    const bool is_of_row =
        std::any_of(row_fields.begin(), row_fields.end(), [&](const auto* field) { return field->name == name; });
    if (!is_of_row || !users.fields.insert(name).second)
      throw DataError(fmt::format("'users' names the field '{}' twice, or one that rows do not have", printable(name)));
  }
  for (auto& field : manifest.schema.fields)
    field.of_user = field.owner == FieldOwner::kRow && users.fields.contains(field.name);
  if (users.fields.empty()) throw DataError("'users' has no field, not even their key");
  manifest.users = std::move(users);
}

void read_shards(DatasetManifest& manifest) {
  std::set<std::string> files(kOtherFiles.begin(), kOtherFiles.end());
  files.insert(kUsersFile);
  for (const auto& entry : list_at(manifest.json, "shards")) {
    manifest.shards.push_back({file_name_at(entry, "file"), text_at(entry, "xxh3"), counts_in(entry)});
    auto& shard = manifest.shards.back();
    if (entry.contains("short_tasks")) {
      const auto& short_tasks = object_at(entry, "short_tasks");
      shard.short_file = file_name_at(short_tasks, "file");
      shard.short_digest = text_at(short_tasks, "xxh3");
    }
    for (const auto& file : {shard.file, shard.short_file}) {
      if (!file.empty() && !files.insert(file).second)
        throw DataError(fmt::format("'shards' names the file '{}' twice, or one that is no shard", file));
    }
  }
  if (manifest.shards.empty()) throw DataError("'shards' is empty");
  check_sum(
      manifest.shards, [](const auto& shard) { return shard.counts; }, manifest.counts, "shards");
}

void read_digests(DatasetManifest& manifest) {
  const auto& files = object_at(manifest.json, "files");
  for (const auto* name : kOtherFiles) manifest.digests[name] = text_at(files, name);
  if (manifest.users) manifest.digests[kUsersFile] = text_at(files, kUsersFile);
}

// For people alone, but they are shown.
void check_left_out(const nlohmann::json& json) {
  for (const auto& [reason, entry] : object_at(json, "left_out").items()) integer_at(entry, "rows");
}

}  // namespace

DatasetManifest read_dataset_manifest(const std::filesystem::path& folder) {
  const auto path = folder / "dataset.json";
  std::error_code error;
  if (!std::filesystem::exists(path, error)) {
    throw DataError(
        fmt::format("{}: no such data set; make it with: warmstart ingest --config FILE.ini", folder.string()));
  }
  const auto text = read_file(path, kMostJsonBytes);
  DatasetManifest manifest;
  manifest.json = parse_json(text, path.string());
  manifest.digest = digest(text);
  try {
    check_version(manifest.json);
    manifest.schema = schema_from_json(member(manifest.json, "schema"));
    manifest.counts = counts_in(manifest.json);
    manifest.entities = integer_at(manifest.json, "entities", 0, kMostEntities);
    manifest.label_mean = number_at(manifest.json, "label_mean");
    if (manifest.json.contains("split_time")) manifest.split_time = number_at(manifest.json, "split_time");
    read_users(manifest);
    read_splits(manifest);
    read_shards(manifest);
    read_digests(manifest);
    check_left_out(manifest.json);
    return manifest;
  } catch (const DataError& problem) {
    throw DataError(fmt::format("{}: {}", path.string(), problem.what()));
  }
}

}  // namespace warmstart
