#include "data/dataset.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/digest.h"
#include "base/errors.h"

namespace warmstart {
namespace {

std::string vocabulary_name(const Field& field) { return fmt::format("{}/{}", name_of(field.owner), field.name); }

}  // namespace

Dataset::Dataset(const std::filesystem::path& folder, bool verify)
    : folder_(folder), verify_(verify), manifest_(read_dataset_manifest(folder)) {
  open(tasks_file_, "tasks.h5");
  open(entities_, "entities.h5");
  open(vocabulary_, "vocabulary.h5");
  row_counts_ = tasks_file_->array<std::uint32_t>("rows");
  splits_ = tasks_file_->array<std::uint8_t>("split");
  shard_first_ = tasks_file_->array<std::int64_t>("shard_first");
  shards_.resize(manifest_.shards.size());
  check_tasks();
  check_entities();
  read_users();
  check_vocabularies();
}

void Dataset::open(std::unique_ptr<Hdf5Mapping>& file, const char* name) {
  if (verify_) verify_file(name, manifest_.digests.at(name));
  file = std::make_unique<Hdf5Mapping>(folder_ / name);
}

// A file at odds with dataset.json, or with another one.
void Dataset::refuse(const std::string& file, const std::string& what) const {
  throw DataError(fmt::format("{}: {} does not fit the rest of the data set; ingest the tables again",
                              (folder_ / file).string(), what));
}

void Dataset::check_tasks() const {
  std::array<DatasetManifest::Counts, kSplits> splits{};
  if (splits_.size() != row_counts_.size()) refuse("tasks.h5", "'split'");
  for (std::size_t task = 0; task < row_counts_.size(); ++task) {
    if (splits_[task] >= kSplits) refuse("tasks.h5", "'split'");
    if (row_counts_[task] == 0) refuse("tasks.h5", "'rows'");
    splits[splits_[task]].tasks += 1;
    splits[splits_[task]].rows += row_counts_[task];
  }
  // Theirs add up to the whole's.
  if (splits != manifest_.splits) refuse("tasks.h5", "'rows' or 'split'");
  std::int64_t first = 0;
  if (shard_first_.size() != shards_.size() + 1) refuse("tasks.h5", "'shard_first'");
  for (std::size_t shard = 0; shard <= shards_.size(); ++shard) {
    if (shard_first_[shard] != first) refuse("tasks.h5", "'shard_first'");
    if (shard < shards_.size()) first += manifest_.shards[shard].counts.tasks;
  }
}

void Dataset::check_entities() {
  const auto count = static_cast<std::size_t>(entities());
  if (entities_->text_count("key") != count) refuse("entities.h5", "'key'");
  try {
    entity_fields_ = stored_columns(*entities_, "field/", schema(), FieldOwner::kEntity, count);
  } catch (const DataError& error) {
    throw DataError(fmt::format("{}: {}", (folder_ / "entities.h5").string(), error.what()));
  }
}

void Dataset::read_users() {
  if (!has_users()) return;
  open(users_file_, "users.h5");
  users_.count = static_cast<std::size_t>(manifest_.users->count);
  if (users_file_->text_count("key") != users_.count || users_training_rows().size() != users_.count)
    refuse("users.h5", "'key' or 'training_rows'");
  try {
    for (const auto* field : schema().fields_of(FieldOwner::kRow)) {
      if (manifest_.users->fields.contains(field->name))
        users_.fields.emplace(field->name, StoredColumn(*users_file_, "field/" + field->name, *field, users_.count));
    }
  } catch (const DataError& error) {
    throw DataError(fmt::format("{}: {}", (folder_ / "users.h5").string(), error.what()));
  }
}

void Dataset::check_vocabularies() const {
  for (const auto& field : schema().fields) {
    if (field.kind == FieldKind::kDense) continue;
    const auto name = vocabulary_name(field);
    const auto size = static_cast<std::size_t>(field.vocabulary_size);
    if (vocabulary_->text_count(name + "/key") != size ||
        vocabulary_->array<std::int64_t>(name + "/count").size() != size)
      refuse("vocabulary.h5", fmt::format("the number of keys of '{}'", name));
  }
}

std::vector<std::int64_t> Dataset::training_rows() const {
  const auto counts =
      vocabulary_->array<std::int64_t>(vocabulary_name(*schema().fields_of(FieldOwner::kEntity).front()) + "/count");
  std::vector<std::int64_t> rows;
  rows.reserve(static_cast<std::size_t>(entities()));
  for (std::size_t entity = 0; entity < static_cast<std::size_t>(entities()); ++entity) {
    const auto key = entity_fields_[0].ids(entity)[0];
    rows.push_back(key == 0 ? 0 : counts[key - 1]);
  }
  return rows;
}

std::vector<std::int64_t> Dataset::tasks_of(Split split) const {
  std::vector<std::int64_t> found;
  for (std::int64_t task = 0; task < tasks(); ++task) {
    if (this->split(task) == split) found.push_back(task);
  }
  return found;
}

Dataset::TaskView Dataset::task(std::int64_t task) const {
  const auto after = std::upper_bound(shard_first_.begin(), shard_first_.end(), task);
  const auto index = static_cast<std::size_t>(after - shard_first_.begin()) - 1;
  const auto local = static_cast<std::size_t>(task - shard_first_[index]);
  const auto& owner = shard(index);
  return {&owner, local, owner.rows(local)};
}

const Shard& Dataset::shard(std::size_t index) const {
  const std::lock_guard lock(mutex_);
  if (!shards_[index]) {
    const auto& entry = manifest_.shards[index];
    if (verify_) verify_file(entry.file, entry.digest);
    auto opened = std::make_unique<Shard>(folder_ / entry.file, schema(), static_cast<std::size_t>(entities()), users_);
    check_shard(*opened, index);
    shards_[index] = std::move(opened);
  }
  return *shards_[index];
}

// A task's rows are those that tasks.h5 counts: who samples by that file reads rows by this one.
void Dataset::check_shard(const Shard& shard, std::size_t index) const {
  const auto& file = manifest_.shards[index].file;
  const auto first = static_cast<std::size_t>(shard_first_[index]);
  if (static_cast<std::int64_t>(shard.tasks()) != shard_first_[index + 1] - shard_first_[index])
    refuse(file, "its number of tasks");
  for (std::size_t task = 0; task < shard.tasks(); ++task) {
    if (shard.rows(task).label.size() != row_counts_[first + task])
      refuse(file, fmt::format("the number of rows of its task {}", task));
  }
}

std::vector<std::string> Dataset::vocabulary(const Field& field) const {
  return vocabulary_->texts(vocabulary_name(field) + "/key");
}

std::string Dataset::vocabulary_key(const Field& field, std::int64_t id) const {
  return vocabulary_->text(vocabulary_name(field) + "/key", static_cast<std::size_t>(id - 1));
}

std::vector<std::int64_t> Dataset::vocabulary_counts(const Field& field) const {
  const auto counts = vocabulary_->array<std::int64_t>(vocabulary_name(field) + "/count");
  return {counts.begin(), counts.end()};
}

std::unique_ptr<Shard> Dataset::short_tasks(std::size_t shard) const {
  const auto& entry = manifest_.shards[shard];
  if (entry.short_file.empty()) return nullptr;
  if (verify_) verify_file(entry.short_file, entry.short_digest);
  return std::make_unique<Shard>(folder_ / entry.short_file, schema(), static_cast<std::size_t>(entities()), users_);
}

void Dataset::verify_file(const std::string& name, const std::string& digest) const {
  const auto path = folder_ / name;
  if (digest_file(path) != digest) {
    throw DataError(
        fmt::format("{}: is damaged: its digest is not the one in dataset.json; restore it or ingest the tables again",
                    path.string()));
  }
}

void Dataset::verify() const {
  for (const auto& [name, digest] : manifest_.digests) verify_file(name, digest);
  for (const auto& shard : manifest_.shards) {
    verify_file(shard.file, shard.digest);
    if (!shard.short_file.empty()) verify_file(shard.short_file, shard.short_digest);
  }
}

}  // namespace warmstart
