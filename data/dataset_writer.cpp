#include "data/dataset_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <string>

#include "base/digest.h"
#include "base/errors.h"
#include "base/files.h"
#include "base/json.h"
#include "base/plural.h"
#include "base/text.h"
#include "data/shard.h"

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
  add(parts_.key);
  for (const auto* fields : {&parts_.entities.fields(), &parts_.row_fields, &parts_.tasks.fields()}) {
    for (const auto& field : *fields) add(*field);
  }
  file.close();
}

void DatasetWriter::write_entities() const {
  const auto& entities = parts_.entities;
  std::vector<std::string> keys;
  EncodedColumn key_column(parts_.key);
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
  key_column.write(file, "field/" + parts_.key.field.name);
  for (std::size_t i = 0; i < columns.size(); ++i) columns[i].write(file, "field/" + entities.fields()[i]->field.name);
  file.close();
}

void DatasetWriter::add_shard(const SpilledShard& shard) {
  const auto name = fmt::format("shard-{:05d}.h5", shards_.size());
  std::vector<std::string> keys;
  for (const auto& task : shard.tasks) keys.push_back(task.key);
  check_padding(plural_of(parts_.schema.task), keys);
  write_shard(folder_ / name, shard, parts_.tasks.has_table() ? &parts_.tasks : nullptr, parts_.row_fields);
  const auto rows_before = rows();
  for (const auto& task : shard.tasks) add_task(task);
  shard_first_.push_back(tasks());
  shards_.push_back({{"file", name},
                     {"tasks", shard.tasks.size()},
                     {"rows", rows() - rows_before},
                     {"xxh3", digest_file(folder_ / name)}});
}

void DatasetWriter::add_task(const SpilledTask& task) {
  const auto split = parts_.split.of(task.key);
  auto& counts = counts_[static_cast<std::size_t>(split)];
  task_split_.push_back(static_cast<std::uint8_t>(split));
  task_rows_.push_back(static_cast<std::uint32_t>(task.rows.size()));
  counts.tasks += 1;
  counts.rows += static_cast<std::int64_t>(task.rows.size());
}

std::int64_t DatasetWriter::rows() const {
  return std::accumulate(task_rows_.begin(), task_rows_.end(), std::int64_t{0});
}

void DatasetWriter::finish(const nlohmann::json& facts) const {
  write_tasks();
  auto manifest = facts;
  manifest.update({{"format", "warmstart-dataset"},
                   {"version", kDatasetVersion},
                   {"schema", to_json(parts_.schema)},
                   {"tasks", tasks()},
                   {"rows", rows()},
                   {"entities", parts_.entities.keys().size()},
                   {"splits", splits()},
                   {"shards", shards_},
                   {"files", files()}});
  write_file(folder_ / "dataset.json", manifest.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
}

void DatasetWriter::write_tasks() const {
  Hdf5Writer file(folder_ / "tasks.h5");
  file.array("rows", task_rows_);
  file.array("split", task_split_);
  file.array("shard_first", shard_first_);
  file.close();
}

nlohmann::json DatasetWriter::splits() const {
  nlohmann::json json;
  for (std::size_t i = 0; i < kSplits; ++i)
    json[name_of(static_cast<Split>(i))] = {{"tasks", counts_[i].tasks}, {"rows", counts_[i].rows}};
  return json;
}

nlohmann::json DatasetWriter::files() const {
  nlohmann::json json;
  for (const auto* name : {"vocabulary.h5", "entities.h5", "tasks.h5"}) json[name] = digest_file(folder_ / name);
  return json;
}

}  // namespace warmstart
