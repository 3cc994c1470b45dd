#include "data/dataset.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/digest.h"
#include "base/errors.h"
#include "base/files.h"

namespace warmstart {

Dataset::Dataset(const std::filesystem::path& folder, bool verify) : folder_(folder), verify_(verify) {
  read_manifest();
  for (const auto* name : {"tasks.h5", "entities.h5"}) {
    if (verify_) verify_file(name, manifest_.at("files").at(name));
  }
  tasks_file_ = std::make_unique<Hdf5Mapping>(folder_ / "tasks.h5");
  entities_ = std::make_unique<Hdf5Mapping>(folder_ / "entities.h5");
  row_counts_ = tasks_file_->array<std::uint32_t>("rows");
  splits_ = tasks_file_->array<std::uint8_t>("split");
  shard_first_ = tasks_file_->array<std::int64_t>("shard_first");
  shards_.resize(manifest_.at("shards").size());
  if (row_counts_.size() != splits_.size() || shard_first_.size() != shards_.size() + 1 || shard_first_[0] != 0 ||
      !std::is_sorted(shard_first_.begin(), shard_first_.end()) || shard_first_.back() != tasks() ||
      std::any_of(splits_.begin(), splits_.end(), [](auto split) { return split >= kSplits; })) {
    throw DataError(
        fmt::format("{}: does not fit dataset.json; ingest the tables again", (folder_ / "tasks.h5").string()));
  }
  entity_fields_ =
      stored_columns(*entities_, "field/", schema_, FieldOwner::kEntity, static_cast<std::size_t>(entities()));
}

void Dataset::read_manifest() {
  const auto path = folder_ / "dataset.json";
  if (!std::filesystem::exists(path)) {
    throw DataError(
        fmt::format("{}: no such data set; make it with: warmstart ingest --config FILE.ini", folder_.string()));
  }
  manifest_ = read_json(path);
  digest_ = digest_file(path);
  try {
    if (manifest_.at("format") != "warmstart-dataset")
      throw DataError(fmt::format("{}: is not the manifest of a data set", path.string()));
    if (const int version = manifest_.at("version"); version > kDatasetVersion) {
      throw DataError(
          fmt::format("{}: made by a newer Warmstart (format version {}, this one reads up to {}); "
                      "update Warmstart or ingest the tables again",
                      path.string(), version, kDatasetVersion));
    }
    schema_ = schema_from_json(manifest_.at("schema"));
    for (const auto* key : {"tasks", "rows", "entities", "label_mean"}) (void)manifest_.at(key).get<double>();
    for (const auto& shard : manifest_.at("shards"))
      (void)shard.at("file").get<std::string>(), (void)shard.at("xxh3").get<std::string>();
    for (const auto* key : {"tasks.h5", "entities.h5", "vocabulary.h5"})
      (void)manifest_.at("files").at(key).get<std::string>();
  } catch (const nlohmann::json::exception& error) {
    throw DataError(fmt::format("{}: {}", path.string(), error.what()));
  } catch (const std::invalid_argument& error) {
    throw DataError(fmt::format("{}: {}", path.string(), error.what()));
  }
}

std::vector<std::int64_t> Dataset::tasks_of(Split wanted) const {
  std::vector<std::int64_t> found;
  for (std::int64_t task = 0; task < tasks(); ++task) {
    if (split(task) == wanted) found.push_back(task);
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
    const auto& entry = manifest_.at("shards")[index];
    const std::string name = entry.at("file");
    if (verify_) verify_file(name, entry.at("xxh3"));
    auto opened = std::make_unique<Shard>(folder_ / name, schema_, static_cast<std::size_t>(entities()));
    if (static_cast<std::int64_t>(opened->tasks()) != shard_first_[index + 1] - shard_first_[index]) {
      throw DataError(fmt::format("{}: holds another number of tasks than tasks.h5 says", (folder_ / name).string()));
    }
    shards_[index] = std::move(opened);
  }
  return *shards_[index];
}

std::vector<std::string> Dataset::vocabulary(const Field& field) const {
  return Hdf5Mapping(folder_ / "vocabulary.h5").texts(fmt::format("{}/{}/key", name_of(field.owner), field.name));
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
  for (const auto& [name, digest] : manifest_.at("files").items()) verify_file(name, digest);
  for (const auto& shard : manifest_.at("shards")) verify_file(shard.at("file"), shard.at("xxh3"));
}

}  // namespace warmstart
