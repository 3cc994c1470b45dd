#include "data/dataset_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <numeric>
#include <string>

#include "base/digest.h"
#include "base/errors.h"
#include "base/files.h"
#include "base/json.h"
#include "base/plural.h"
#include "base/text.h"
#include "data/dataset_manifest.h"
#include "data/shard_writer.h"

namespace warmstart {
namespace {

// Texts are stored padded to the longest: what that may cost beside what the texts themselves take.
constexpr std::size_t kMostPadding = 16;                           // times their size
constexpr std::size_t kPaddingThatIsFine = std::size_t{64} << 20;  // bytes

// Throws DataError when one long key would blow up the file.
void check_padding(const std::string& what, const std::vector<std::string>& keys) {
  std::size_t bytes = 0;
  std::string longest;
  for (const auto& key : keys) {
    bytes += key.size();
    if (key.size() > longest.size()) longest = key;
  }
  const auto padded = keys.size() * longest.size();
  if (padded <= std::max(kPaddingThatIsFine, kMostPadding * bytes)) return;
  throw DataError(fmt::format(
      "{}: all {} keys are stored as long as the longest, '{}' of {} bytes, which takes {:.0f} MB instead of {:.0f}; "
      "shorten it or leave it out",
      what, keys.size(), printable(longest, 40), longest.size(), static_cast<double>(padded) / 1e6,
      static_cast<double>(bytes) / 1e6));
}

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

nlohmann::json digests_in(const std::filesystem::path& folder) {
  nlohmann::json json;
  for (const auto* name : {"vocabulary.h5", "entities.h5", "tasks.h5"}) json[name] = digest_file(folder / name);
  return json;
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
    check_padding(fmt::format("column '{}'", builder.field.name), builder.vocabulary.keys());
    file.texts(name + "/key", builder.vocabulary.keys());
    file.array(name + "/count", builder.vocabulary.counts());
  };
  const auto& tables = parts_.tables;
  add(tables.key);
  for (const auto* fields : {&tables.entities.fields(), &tables.row_fields, &tables.tasks.fields()}) {
    for (const auto& field : *fields) add(*field);
  }
  file.close();
}

void DatasetWriter::write_entities() const {
  const auto& entities = parts_.tables.entities;
  std::vector<std::string> keys;
  EncodedColumn key_column(parts_.tables.key);
  std::vector<EncodedColumn> columns;
  for (const auto& field : entities.fields()) columns.emplace_back(*field);
  for (std::uint32_t entity = 0; entity < entities.keys().size(); ++entity) {
    keys.push_back(entities.keys().key(entity));
    key_column.add({{entity}, 0.0f});
    for (std::size_t i = 0; i < columns.size(); ++i) columns[i].add(entities.cells(entity)[i]);
  }
  check_padding(plural_of(parts_.schema.entity), keys);
  Hdf5Writer file(folder_ / "entities.h5");
  file.texts("key", keys);
  key_column.write(file, "field/" + parts_.tables.key.field.name);
  for (std::size_t i = 0; i < columns.size(); ++i) columns[i].write(file, "field/" + entities.fields()[i]->field.name);
  file.close();
}

WrittenShard DatasetWriter::write(const SpilledShard& shard, std::int64_t number) const {
  WrittenShard written;
  for (const auto& task : shard.tasks) {
    written.rows.push_back(static_cast<std::uint32_t>(task.rows.size()));
    written.splits.push_back(static_cast<std::uint8_t>(parts_.split.of(task.key)));
  }
  written.file = fmt::format("shard-{:05d}.h5", number);
  written.digest = write(shard.tasks, written.file);
  if (shard.short_tasks.empty()) return written;
  written.short_file = fmt::format("short-{:05d}.h5", number);
  written.short_digest = write(shard.short_tasks, written.short_file);
  return written;
}

// Returns the file's digest.
std::string DatasetWriter::write(const std::vector<SpilledTask>& tasks, const std::string& file) const {
  std::vector<std::string> keys;
  keys.reserve(tasks.size());
  for (const auto& task : tasks) keys.push_back(task.key);
  check_padding(plural_of(parts_.schema.task), keys);
  const auto& table = parts_.tables.tasks;
  write_shard(folder_ / file, tasks, table.has_table() ? &table : nullptr, parts_.tables.row_fields);
  sync(folder_ / file);
  return digest_file(folder_ / file);
}

void DatasetWriter::finish(const std::vector<WrittenShard>& shards, const nlohmann::json& facts) const {
  write_tasks(folder_ / "tasks.h5", shards);
  const auto counts = counts_of(shards);
  auto manifest = facts;
  manifest.update({{"format", "warmstart-dataset"},
                   {"version", kDatasetVersion},
                   {"schema", to_json(parts_.schema)},
                   {"tasks", total(counts, &DatasetManifest::Counts::tasks)},
                   {"rows", total(counts, &DatasetManifest::Counts::rows)},
                   {"entities", parts_.tables.entities.keys().size()},
                   {"splits", splits_of(counts)},
                   {"shards", list_of(shards)},
                   {"files", digests_in(folder_)}});
  write_file(folder_ / "dataset.json", manifest.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
}

}  // namespace warmstart
