#include "checkpoints/table_shards.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "base/digest.h"
#include "base/errors.h"
#include "base/hdf5.h"

namespace warmstart {
namespace {

namespace fs = std::filesystem;

template <typename T>
void write_array(Hdf5Writer& file, const std::string& name, const at::Tensor& rows) {
  std::vector<hsize_t> shape;
  for (const auto size : rows.sizes()) shape.push_back(static_cast<hsize_t>(size));
  file.borrowed_array(name, std::span<const T>(rows.const_data_ptr<T>(), static_cast<std::size_t>(rows.numel())),
                      shape);
}

std::string write_shard(const fs::path& path, const std::vector<TableShards>& tables, std::int64_t place) {
  Hdf5Writer file(path);
  for (const auto& table : tables) {
    const auto per_shard = RowPlaces(table.rows).per_shard();
    for (const auto& [name, array] : table.arrays) {
      const auto rows = array.narrow(0, place * per_shard, per_shard);
      if (rows.scalar_type() == at::kLong)
        write_array<std::int64_t>(file, table.name + "/" + name, rows);
      else
        write_array<float>(file, table.name + "/" + name, rows);
    }
  }
  return file.close();
}

template <typename T>
void read_array(const Hdf5Mapping& file, const fs::path& path, const std::string& name, at::Tensor rows) {
  const auto values = file.array<T>(name);
  if (static_cast<std::int64_t>(values.size()) != rows.numel())
    throw DataError(fmt::format("{}: '{}' has another length than in {}", path.string(), name, kManifest));
  std::copy(values.begin(), values.end(), rows.mutable_data_ptr<T>());
}

at::Tensor empty_array(const ManifestTable& table, const ManifestTable::Array& array, std::int64_t shards) {
  const auto places = RowPlaces(table.rows).per_shard() * shards;
  return array.width == 0 ? at::empty({places}, at::kLong) : at::empty({places, array.width}, at::kFloat);
}

// Of places from `place` on among the shards that are read.
void read_shard(const fs::path& path, const ManifestTable& described, std::int64_t place, const TableShards& table) {
  const Hdf5Mapping file(path);
  const auto per_shard = RowPlaces(table.rows).per_shard();
  for (const auto& array : described.arrays) {
    const auto rows = table.arrays.at(array.name).narrow(0, place * per_shard, per_shard);
    const auto name = table.name + "/" + array.name;
    if (array.width == 0)
      read_array<std::int64_t>(file, path, name, rows);
    else
      read_array<float>(file, path, name, rows);
    if (array.width > 0 && !rows.isfinite().all().item<bool>())
      throw DataError(fmt::format("{}: '{}' holds numbers that are not finite", path.string(), name));
  }
}

}  // namespace

std::vector<ManifestTable> described(const std::vector<TableShards>& tables) {
  std::vector<ManifestTable> all;
  for (const auto& table : tables) {
    auto& one = all.emplace_back(ManifestTable{table.name, table.rows, table.width, {}});
    for (const auto& [name, array] : table.arrays)
      one.arrays.push_back({name, array.scalar_type() == at::kLong ? 0 : array.size(1)});
  }
  return all;
}

std::string table_file_name(std::int64_t shard) {
  return fmt::format("tables-{:05d}-of-{:05d}.h5", shard, kVirtualShards);
}

std::vector<std::string> write_table_files(const fs::path& folder, const std::vector<TableShards>& tables,
                                           ShardRange shards) {
  std::vector<std::string> digests;
  if (tables.empty()) return digests;
  for (auto shard = shards.first; shard < shards.end(); ++shard)
    digests.push_back(write_shard(folder / table_file_name(shard), tables, shard - shards.first));
  return digests;
}

std::vector<TableShards> read_table_files(const fs::path& folder, const Manifest& manifest, ShardRange shards) {
  std::vector<TableShards> tables;
  for (const auto& described : manifest.tables) {
    auto& table = tables.emplace_back(TableShards{described.name, described.rows, described.width, {}});
    for (const auto& array : described.arrays) table.arrays[array.name] = empty_array(described, array, shards.count);
  }
  if (tables.empty()) return tables;
  for (auto shard = shards.first; shard < shards.end(); ++shard) {
    const auto& file = manifest.table_files[static_cast<std::size_t>(shard)];
    const auto path = folder / file.file;
    if (digest_file(path) != file.digest)
      throw DataError(fmt::format("{}: is damaged: its digest is not the one in {}", path.string(), kManifest));
    for (std::size_t t = 0; t < tables.size(); ++t)
      read_shard(path, manifest.tables[t], shard - shards.first, tables[t]);
  }
  return tables;
}

}  // namespace warmstart
