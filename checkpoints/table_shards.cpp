#include "checkpoints/table_shards.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <span>
#include <utility>

#include "base/digest.h"
#include "base/errors.h"
#include "base/files.h"
#include "base/hdf5.h"
#include "base/json.h"
#include "checkpoints/table_delta.h"
#include "checkpoints/zeroed_rows.h"

namespace warmstart {
namespace {

namespace fs = std::filesystem;

constexpr const char* kNameBytes = "name_bytes";
constexpr const char* kNameEnds = "name_ends";

template <typename T>
void write_array(Hdf5Writer& file, const std::string& name, const at::Tensor& rows) {
  std::vector<hsize_t> shape;
  for (const auto size : rows.sizes()) shape.push_back(static_cast<hsize_t>(size));
  file.borrowed_array(name, std::span<const T>(rows.const_data_ptr<T>(), static_cast<std::size_t>(rows.numel())),
                      shape);
}

// The rows of one of the shards.
struct Range {
  std::int64_t first, count;
};
Range rows_of(const TableShards& table, std::int64_t shard) {
  const auto per_shard = RowPlaces(table.rows).per_shard();
  if (table.counts.empty()) return {shard * per_shard, per_shard};
  const auto before = table.counts.begin() + shard;
  return {std::accumulate(table.counts.begin(), before, std::int64_t{0}), *before};
}

void write_names(Hdf5Writer& file, const TableShards& table, Range rows) {
  std::vector<std::uint8_t> bytes;
  std::vector<std::int64_t> ends;
  for (auto row = rows.first; row < rows.first + rows.count; ++row) {
    const auto& name = table.names[static_cast<std::size_t>(row)];
    bytes.insert(bytes.end(), name.begin(), name.end());
    ends.push_back(std::ssize(bytes));
  }
  file.array(table.name + "/" + kNameBytes, bytes);
  file.array(table.name + "/" + kNameEnds, ends);
}

std::string write_shard(const fs::path& path, const std::vector<TableShards>& tables, std::int64_t shard) {
  Hdf5Writer file(path);
  for (const auto& table : tables) {
    const auto range = rows_of(table, shard);
    for (const auto& [name, array] : table.arrays) {
      const auto rows = array.narrow(0, range.first, range.count);
      if (rows.scalar_type() == at::kLong)
        write_array<std::int64_t>(file, table.name + "/" + name, rows);
      else
        write_array<float>(file, table.name + "/" + name, rows);
    }
    if (!table.names.empty()) write_names(file, table, range);
  }
  return file.close();
}

// A shard's file with what messages name.
struct ShardFile {
  explicit ShardFile(const fs::path& file) : path(file), content(file) {}
  [[noreturn]] void refuse(const std::string& name, const char* what) const {
    throw DataError(fmt::format("{}: '{}' {}", path.string(), name, what));
  }
  fs::path path;
  Hdf5Mapping content;
};

template <typename T>
at::Tensor array_in(const ShardFile& file, const std::string& name, std::int64_t rows, std::int64_t width) {
  const auto values = file.content.array<T>(name);
  if (static_cast<std::int64_t>(values.size()) != rows * std::max<std::int64_t>(width, 1))
    file.refuse(name, "has another length than in manifest.json");
  auto array = width == 0 ? at::empty({rows}, at::kLong) : at::empty({rows, width}, at::kFloat);
  std::copy(values.begin(), values.end(), array.mutable_data_ptr<T>());
  return array;
}

// Where there are not as many as there are places, the file tells.
std::int64_t rows_in(const ShardFile& file, const ManifestTable& described, bool all) {
  if (all) return RowPlaces(described.rows).per_shard();
  if (described.arrays.empty()) file.refuse(described.name, "has no arrays");
  const auto& array = described.arrays.front();
  const auto name = described.name + "/" + array.name;
  return static_cast<std::int64_t>(array.width == 0 ? file.content.array<std::int64_t>(name).size()
                                                    : file.content.array<float>(name).size()) /
         std::max<std::int64_t>(array.width, 1);
}

void read_names(const ShardFile& file, const std::string& table, std::int64_t rows, std::vector<std::string>& names) {
  const auto bytes = file.content.array<std::uint8_t>(table + "/" + kNameBytes);
  const auto ends = file.content.array<std::int64_t>(table + "/" + kNameEnds);
  if (static_cast<std::int64_t>(ends.size()) != rows) file.refuse(table, "has not a name for each row");
  std::int64_t first = 0;
  for (const auto end : ends) {
    if (end < first || end > static_cast<std::int64_t>(bytes.size())) file.refuse(table, "has names without an end");
    names.emplace_back(bytes.begin() + first, bytes.begin() + end);
    first = end;
  }
}

// An array of several shards, one behind the other: of so many rows in all, or, where that is 0, of as many as come.
class JoinedRows {
 public:
  JoinedRows(std::int64_t width, std::int64_t rows, const fs::path& spill) {
    if (rows == 0) return;
    whole_ = width == 0 ? at::empty({rows}, at::kLong) : zeroed_rows(rows, width, spill);
  }
  void add(const at::Tensor& rows) {
    if (whole_.defined())
      whole_.narrow(0, filled_, rows.size(0)).copy_(rows);
    else
      parts_.push_back(rows);
    filled_ += rows.size(0);
  }
  at::Tensor take() { return whole_.defined() ? whole_ : at::cat(std::exchange(parts_, {})); }

 private:
  at::Tensor whole_;
  std::vector<at::Tensor> parts_;
  std::int64_t filled_ = 0;
};

// Adds the rows of one shard.
void read_shard(const ShardFile& file, const ManifestTable& described, bool all, TableShards& table,
                std::vector<JoinedRows>& arrays) {
  const auto rows = rows_in(file, described, all);
  for (std::size_t a = 0; a < arrays.size(); ++a) {
    const auto& array = described.arrays[a];
    const auto name = described.name + "/" + array.name;
    const auto values =
        array.width == 0 ? array_in<std::int64_t>(file, name, rows, 0) : array_in<float>(file, name, rows, array.width);
    if (array.width > 0 && !values.isfinite().all().item<bool>())
      file.refuse(name, "holds numbers that are not finite");
    arrays[a].add(values);
  }
  if (!all) table.counts.push_back(rows);
  if (described.named) read_names(file, described.name, rows, table.names);
}

// As they lie in the files.
std::vector<TableShards> read_files(const fs::path& folder, const Manifest& manifest, ShardRange shards,
                                    const fs::path& spill) {
  std::vector<TableShards> tables;
  std::vector<std::vector<JoinedRows>> arrays;  // by table
  for (const auto& described : manifest.tables) {
    tables.push_back({described.name, described.rows, described.width, {}, {}, described.ids_of});
    tables.back().index = described.index;
    tables.back().base = described.base;
    arrays.emplace_back();
    for (const auto& array : described.arrays)
      arrays.back().emplace_back(
          array.width, manifest.has_all_rows(described) ? RowPlaces(described.rows).per_shard() * shards.count : 0,
          spill);
  }
  if (tables.empty()) return tables;
  for (auto shard = shards.first; shard < shards.end(); ++shard) {
    const auto& listed = manifest.table_files[static_cast<std::size_t>(shard)];
    const auto path = folder / listed.file;
    if (digest_file(path) != listed.digest)
      throw DataError(fmt::format("{}: is damaged: its digest is not the one in {}", path.string(), kManifest));
    const ShardFile file(path);
    for (std::size_t t = 0; t < tables.size(); ++t)
      read_shard(file, manifest.tables[t], manifest.has_all_rows(manifest.tables[t]), tables[t], arrays[t]);
  }
  for (std::size_t t = 0; t < tables.size(); ++t)
    for (std::size_t a = 0; a < arrays[t].size(); ++a)
      tables[t].arrays[manifest.tables[t].arrays[a].name] = arrays[t][a].take();
  return tables;
}

// What a delta rests on.
struct Base {
  fs::path folder;
  Manifest manifest;
};
fs::path folder_of_base(const fs::path& folder, const Manifest& manifest) {
  const auto of_run = (folder / kManifest).lexically_normal().parent_path().parent_path();
  return of_run / fmt::format("step-{:08d}", manifest.base->step);
}
void require_base(bool holds, const fs::path& folder, const fs::path& base, const char* why) {
  if (!holds) throw DataError(fmt::format("{}: is a delta to {}, which {}", folder.string(), base.string(), why));
}
Base read_base(const fs::path& folder, const Manifest& manifest) {
  const auto base = folder_of_base(folder, manifest);
  require_base(fs::exists(base / kManifest), folder, base, "is not there");
  const auto as_it_was = digest(read_file(base / kManifest, kMostJsonBytes)) == manifest.base->digest;
  require_base(as_it_was, folder, base, "has been written anew");
  auto found = read_manifest(base);
  require_base(!found.base, folder, base, "is a delta itself");
  return {base, std::move(found)};
}

}  // namespace

std::vector<ManifestTable> described(const std::vector<TableShards>& tables) {
  std::vector<ManifestTable> all;
  for (const auto& table : tables) {
    auto& one = all.emplace_back(ManifestTable{
        table.name, table.rows, table.width, {}, table.ids_of, !table.names.empty(), table.index, table.base});
    for (const auto& [name, array] : table.arrays)
      one.arrays.push_back({name, array.scalar_type() == at::kLong ? 0 : array.size(1)});
  }
  return all;
}

TableFiles held_files(const fs::path& folder, const Manifest& manifest) {
  TableFiles files = {folder, manifest};
  if (manifest.tables.empty()) return files;
  files.hold = std::make_shared<CheckpointHold>(folder);
  if (!manifest.base) return files;
  const auto base = folder_of_base(folder, manifest);
  require_base(fs::exists(base / kManifest), folder, base, "is not there");
  files.base_hold = std::make_shared<CheckpointHold>(base);
  return files;
}

std::string kept_rows(const std::string& index) { return index + " kept"; }

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

std::vector<TableShards> read_table_files(const fs::path& folder, const Manifest& manifest, ShardRange shards,
                                          const fs::path& spill) {
  auto tables = read_files(folder, manifest, shards, spill);
  if (!manifest.base || tables.empty()) return tables;
  const auto base = read_base(folder, manifest);
  return with_changes(read_files(base.folder, base.manifest, shards, spill), std::move(tables), base.folder, spill);
}

}  // namespace warmstart
