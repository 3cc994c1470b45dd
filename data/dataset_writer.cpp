#include "data/dataset_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <numeric>
#include <string>

#include "base/digest.h"
#include "base/files.h"
#include "base/json.h"
#include "data/dataset_manifest.h"
#include "data/shard_writer.h"

namespace warmstart {
namespace {

using CountsOfSplits = std::array<DatasetManifest::Counts, kSplits>;

CountsOfSplits counts_of(const std::vector<WrittenShard>& shards) {
  CountsOfSplits counts{};
  for (const auto& shard : shards) {
    for (std::size_t task = 0; task < shard.rows.size(); ++task) {
      auto& of_split = counts[shard.splits[task]];
      of_split.tasks += 1;
      of_split.rows += shard.rows[task];
    }
  }
  return counts;
}

std::int64_t total(const CountsOfSplits& counts, std::int64_t DatasetManifest::Counts::*of_split) {
  std::int64_t sum = 0;
  for (const auto& counted : counts) sum += counted.*of_split;
  return sum;
}

nlohmann::json splits_of(const CountsOfSplits& counts) {
  nlohmann::json json;
  for (std::size_t i = 0; i < kSplits; ++i)
    json[name_of(static_cast<Split>(i))] = {{"tasks", counts[i].tasks}, {"rows", counts[i].rows}};
  return json;
}

nlohmann::json list_of(const std::vector<WrittenShard>& shards) {
  auto list = nlohmann::json::array();
  for (const auto& shard : shards) {
    list.push_back({{"file", shard.file},
                    {"tasks", shard.rows.size()},
                    {"rows", std::accumulate(shard.rows.begin(), shard.rows.end(), std::int64_t{0})},
                    {"xxh3", shard.digest}});
    if (!shard.short_file.empty())
      list.back()["short_tasks"] = {{"file", shard.short_file}, {"xxh3", shard.short_digest}};
  }
  return list;
}

nlohmann::json digests_in(const std::filesystem::path& folder, bool has_users) {
  nlohmann::json json;
  for (const auto* name : {"vocabulary.h5", "entities.h5", "tasks.h5"}) json[name] = digest_file(folder / name);
  if (has_users) json["users.h5"] = digest_file(folder / "users.h5");
  return json;
}

nlohmann::json facts_of_users(const IngestTables& tables) {
  auto fields = nlohmann::json::array();
  for (const auto& builder : tables.user_fields()) fields.push_back(builder->field.name);
  return {{"count", tables.users.keys().size()}, {"fields", fields}};
}

// What each key is and what a table says of it, the key's id first.  All of it must live until the file is closed.
void write_keys(Hdf5Writer& file, const SideTable& table, const FieldBuilder& key) {
  const auto& keys = table.keys();
  const auto count = keys.size();
  file.texts("key", count, [&keys](auto number) { return keys.key(static_cast<std::uint32_t>(number)); });
  file.streamed_array<std::uint32_t>("field/" + key.field.name, count, [&key, number = 0u](auto piece) mutable {
    for (auto& id : piece) id = key.id(number++);
  });
  for (std::size_t i = 0; i < table.fields().size(); ++i) {
    const auto& field = *table.fields()[i];
    write_encoded(file, "field/" + field.field.name, field, table.column(i), count);
  }
}

// Of all shards, one behind the other.
template <typename T>
std::vector<T> all_of(const std::vector<WrittenShard>& shards, std::vector<T> WrittenShard::*values) {
  std::vector<T> all;
  for (const auto& shard : shards) all.insert(all.end(), (shard.*values).begin(), (shard.*values).end());
  return all;
}

void write_tasks(const std::filesystem::path& path, const std::vector<WrittenShard>& shards) {
  std::vector<std::int64_t> shard_first = {0};
  for (const auto& shard : shards)
    shard_first.push_back(shard_first.back() + static_cast<std::int64_t>(shard.rows.size()));
  Hdf5Writer file(path);
  file.array("rows", all_of(shards, &WrittenShard::rows));
  file.array("split", all_of(shards, &WrittenShard::splits));
  file.array("shard_first", shard_first);
  file.close();
}

}  // namespace

void DatasetWriter::write_vocabularies() const {
  Hdf5Writer file(folder_ / "vocabulary.h5");
  const auto add = [&](const FieldBuilder& builder) {
    if (builder.field.kind == FieldKind::kDense) return;
    const auto name = fmt::format("{}/{}", name_of(builder.field.owner), builder.field.name);
    const auto& vocabulary = *builder.vocabulary;
    file.texts(name + "/key", vocabulary.size(), [&vocabulary](auto index) { return vocabulary.key(index); });
    file.borrowed_array(name + "/count", vocabulary.counts(), {vocabulary.size()});
  };
  add(parts_.tables.key);
  const auto fields = parts_.tables.fields();
  for (const auto& field : fields) add(*field);
  file.close();
}

void DatasetWriter::write_entities() const {
  Hdf5Writer file(folder_ / "entities.h5");
  write_keys(file, parts_.tables.entities, parts_.tables.key);
  file.close();
}

void DatasetWriter::write_users() const {
  if (!parts_.tables.has_users()) return;
  Hdf5Writer file(folder_ / "users.h5");
  write_keys(file, parts_.tables.users, *parts_.tables.user_key);
  file.borrowed_array("training_rows", parts_.user_rows, {parts_.user_rows.size()});
  file.close();
}

WrittenShard DatasetWriter::write(const CleanedShard& shard, std::int64_t number) const {
  WrittenShard written;
  for (std::size_t task = 0; task < shard.tasks.keys.size(); ++task) {
    written.rows.push_back(static_cast<std::uint32_t>(shard.tasks.rows(task)));
    written.splits.push_back(static_cast<std::uint8_t>(parts_.split.of(shard.tasks.keys[task])));
  }
  written.file = fmt::format("shard-{:05d}.h5", number);
  written.digest = write(shard.tasks, written.file);
  if (shard.short_tasks.keys.empty()) return written;
  written.short_file = fmt::format("short-{:05d}.h5", number);
  written.short_digest = write(shard.short_tasks, written.short_file);
  return written;
}

// Returns the file's digest.
std::string DatasetWriter::write(const CleanedTasks& tasks, const std::string& file) const {
  return write_shard(folder_ / file, tasks, parts_.tables);
}

void DatasetWriter::finish(const std::vector<WrittenShard>& shards, const nlohmann::json& facts) const {
  write_tasks(folder_ / "tasks.h5", shards);
  auto manifest = facts;
  manifest.update(files_and_sizes(shards));
  write_file(folder_ / "dataset.json", manifest.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
}

nlohmann::json DatasetWriter::files_and_sizes(const std::vector<WrittenShard>& shards) const {
  const auto counts = counts_of(shards);
  const bool has_users = parts_.tables.has_users();
  nlohmann::json json = {{"format", "warmstart-dataset"},
                         {"version", has_users ? kDatasetVersion : kDatasetVersionWithoutUsers},
                         {"schema", to_json(parts_.schema)},
                         {"tasks", total(counts, &DatasetManifest::Counts::tasks)},
                         {"rows", total(counts, &DatasetManifest::Counts::rows)},
                         {"entities", parts_.tables.entities.keys().size()},
                         {"splits", splits_of(counts)},
                         {"shards", list_of(shards)},
                         {"files", digests_in(folder_, has_users)}};
  if (has_users) json["users"] = facts_of_users(parts_.tables);
  return json;
}

}  // namespace warmstart
