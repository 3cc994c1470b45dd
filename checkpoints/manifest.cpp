#include "checkpoints/manifest.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/digest.h"
#include "base/errors.h"
#include "base/files.h"
#include "base/json.h"
#include "base/regular_file.h"
#include "cluster/virtual_shards.h"

namespace warmstart {
namespace {

namespace fs = std::filesystem;

void check_version(const nlohmann::json& json) {
  if (text_at(json, "format") != "warmstart-checkpoint") throw DataError("is not the manifest of a checkpoint");
  const auto version = integer_at(json, "version");
  if (version >= kFirstCheckpointVersion && version <= kCheckpointVersion) return;
  const bool newer = version > kCheckpointVersion;
  throw DataError(fmt::format("made by {} Warmstart (format version {}, this one reads {} and {}); {}",
                              newer ? "a newer" : "an older", version, kFirstCheckpointVersion, kCheckpointVersion,
                              newer ? "update Warmstart" : "train again"));
}

std::int64_t elements_of(const ParameterShape& parameter) {
  // A size of zero hides an overflow of the others.
  std::int64_t elements = 1;
  for (const auto size : parameter.shape) {
    if (__builtin_mul_overflow(elements, std::max<std::int64_t>(size, 1), &elements))
      throw DataError(fmt::format("'layout': '{}' is too large", parameter.name));
  }
  return std::count(parameter.shape.begin(), parameter.shape.end(), 0) > 0 ? 0 : elements;
}

Layout layout_in(const nlohmann::json& json, std::int64_t count) {
  Layout layout;
  std::set<std::string> names;
  std::int64_t sum = 0;
  for (const auto& entry : list_at(json, "layout")) {
    ParameterShape parameter{text_at(entry, "name"), {}};
    for (const auto& size : list_at(entry, "shape")) parameter.shape.push_back(as_integer(size, "'shape'"));
    if (!names.insert(parameter.name).second) throw DataError(fmt::format("'layout' names '{}' twice", parameter.name));
    if (__builtin_add_overflow(sum, elements_of(parameter), &sum)) throw DataError("'layout' is too large");
    layout.push_back(std::move(parameter));
  }
  if (sum != count) throw DataError(fmt::format("the shapes of 'layout' add up to {}, 'count' is {}", sum, count));
  return layout;
}

std::vector<std::string> vectors_in(const nlohmann::json& json) {
  std::vector<std::string> vectors;
  for (const auto& name : list_at(json, "vectors")) vectors.push_back(as_text(name, "'vectors'"));
  if (std::set(vectors.begin(), vectors.end()).size() != vectors.size())
    throw DataError("'vectors' holds a name twice");
  if (std::find(vectors.begin(), vectors.end(), kParameters) == vectors.end())
    throw DataError("'vectors' lacks 'parameters'");
  return vectors;
}

std::vector<Manifest::Slice> slices_in(const nlohmann::json& json, std::int64_t count) {
  std::vector<Manifest::Slice> slices;
  std::set<std::string> files = {kManifest};
  std::int64_t first = 0;
  for (const auto& entry : list_at(json, "slices")) {
    slices.push_back({file_name_at(entry, "file"), text_at(entry, "digest"), integer_at(entry, "first", first, first),
                      integer_at(entry, "count", 0, count - first), integer_at(entry, "bytes")});
    first += slices.back().count;
    if (!files.insert(slices.back().file).second)
      throw DataError(fmt::format("'slices' names the file '{}' twice", slices.back().file));
  }
  if (first != count) throw DataError(fmt::format("'slices' hold {} of {} elements", first, count));
  return slices;
}

constexpr std::int64_t kMostRows = std::int64_t{1} << 48;
constexpr std::int64_t kMostWidth = 1 << 24;

// Absent where there are none.
std::vector<ManifestTable> tables_in(const nlohmann::json& json) {
  std::vector<ManifestTable> tables;
  if (!json.contains("tables")) return tables;
  std::set<std::string> names;
  for (const auto& entry : list_at(json, "tables")) {
    auto& table = tables.emplace_back();
    table.name = text_at(entry, "name");
    table.rows = integer_at(entry, "rows", 1, kMostRows);
    if (entry.contains("ids_of")) table.ids_of = text_at(entry, "ids_of");
    table.named = table.grows() && flag_at(entry, "named");
    if (entry.contains("index")) table.index = text_at(entry, "index");
    if (entry.contains("base")) table.base = text_at(entry, "base");
    table.width = integer_at(entry, "width", table.grows() ? 0 : 1, kMostWidth);
    for (const auto& array : list_at(entry, "arrays")) {
      table.arrays.push_back({text_at(array, "name"), integer_at(array, "width", 0, kMostWidth)});
      if (!names.insert(table.name + "/" + table.arrays.back().name).second)
        throw DataError(fmt::format("'tables' names '{}/{}' twice", table.name, table.arrays.back().name));
    }
  }
  return tables;
}

std::vector<Manifest::File> table_files_in(const nlohmann::json& json) {
  std::vector<Manifest::File> files;
  if (!json.contains("tables")) return files;
  std::set<std::string> names = {kManifest};
  for (const auto& entry : list_at(json, "table_files")) {
    files.push_back({file_name_at(entry, "file"), text_at(entry, "digest"), integer_at(entry, "bytes")});
    if (!names.insert(files.back().file).second)
      throw DataError(fmt::format("'table_files' names the file '{}' twice", files.back().file));
  }
  if (std::ssize(files) != kVirtualShards)
    throw DataError(fmt::format("'table_files' lists {} files, not one for each of {} virtual shards", files.size(),
                                kVirtualShards));
  return files;
}

// Before memory is taken for what it is said to hold.
void check_table_file(const fs::path& folder, const Manifest::File& listed, const Manifest& manifest) {
  const auto path = folder / listed.file;
  const RegularFile file(path);
  if (file.bytes() != static_cast<std::size_t>(listed.bytes))
    throw DataError(fmt::format("{}: is truncated, or not the file that was written", path.string()));
  double wanted = 0.0;
  for (const auto& table : manifest.tables)
    for (const auto& array : manifest.has_all_rows(table) ? table.arrays : std::vector<ManifestTable::Array>())
      wanted += static_cast<double>(RowPlaces(table.rows).per_shard()) *
                (array.width == 0 ? 8.0 : 4.0 * static_cast<double>(array.width));
  if (wanted > static_cast<double>(file.bytes()))
    throw DataError(fmt::format("{}: is too short for the rows of its tables", path.string()));
}

void check_slice(const fs::path& folder, const Manifest::Slice& slice, std::size_t vectors) {
  const auto path = folder / slice.file;
  const RegularFile file(path);
  if (file.bytes() != static_cast<std::size_t>(slice.bytes))
    throw DataError(fmt::format("{}: is truncated, or not the file that was written", path.string()));
  if (static_cast<std::size_t>(slice.count) > file.bytes() / sizeof(float) / vectors)
    throw DataError(fmt::format("{}: is too short for {} elements of {} vectors", path.string(), slice.count, vectors));
}

void add_tables(nlohmann::json& json, const Manifest& manifest) {
  json["tables"] = json["table_files"] = nlohmann::json::array();
  for (const auto& table : manifest.tables) {
    nlohmann::json arrays = nlohmann::json::array();
    for (const auto& [name, width] : table.arrays) arrays.push_back({{"name", name}, {"width", width}});
    json["tables"].push_back({{"name", table.name}, {"rows", table.rows}, {"width", table.width}, {"arrays", arrays}});
    if (table.grows()) json["tables"].back().update({{"ids_of", table.ids_of}, {"named", table.named}});
    if (!table.index.empty()) json["tables"].back()["index"] = table.index;
    if (!table.base.empty()) json["tables"].back()["base"] = table.base;
  }
  for (const auto& [file, digest, bytes] : manifest.table_files)
    json["table_files"].push_back({{"file", file}, {"digest", digest}, {"bytes", bytes}});
}

}  // namespace

bool Manifest::has_vector(const std::string& name) const {
  return std::find(vectors.begin(), vectors.end(), name) != vectors.end();
}

bool Manifest::has_all_rows(const ManifestTable& table) const { return !table.grows() && !base; }

nlohmann::json to_json(const Manifest& manifest) {
  nlohmann::json layout = nlohmann::json::array(), slices = nlohmann::json::array();
  for (const auto& [name, shape] : manifest.layout) layout.push_back({{"name", name}, {"shape", shape}});
  for (const auto& slice : manifest.slices) {
    slices.push_back({{"file", slice.file},
                      {"first", slice.first},
                      {"count", slice.count},
                      {"digest", slice.digest},
                      {"bytes", slice.bytes}});
  }
  const auto& error = manifest.validation_error;
  nlohmann::json json = {{"format", "warmstart-checkpoint"},
                         {"version", kCheckpointVersion},
                         {"step", manifest.step},
                         {"description", manifest.description},
                         {"state", to_json(manifest.state)},
                         {"validation_error", error ? nlohmann::json(*error) : nlohmann::json()},
                         {"layout", layout},
                         {"vectors", manifest.vectors},
                         {"count", manifest.count},
                         {"slices", slices},
                         {"write_seconds", manifest.write_seconds}};
  if (!manifest.tables.empty()) add_tables(json, manifest);
  if (manifest.base) json["base"] = {{"step", manifest.base->step}, {"digest", manifest.base->digest}};
  return json;
}

Manifest manifest_from_json(const nlohmann::json& json) {
  check_version(json);
  Manifest manifest;
  manifest.step = integer_at(json, "step");
  manifest.description = object_at(json, "description");
  manifest.state = run_state_from_json(object_at(json, "state"));
  if (!member(json, "validation_error").is_null()) manifest.validation_error = number_at(json, "validation_error");
  manifest.count = integer_at(json, "count");
  manifest.layout = layout_in(json, manifest.count);
  manifest.vectors = vectors_in(json);
  manifest.slices = slices_in(json, manifest.count);
  manifest.tables = tables_in(json);
  manifest.table_files = table_files_in(json);
  if (json.contains("base")) {
    const auto& base = object_at(json, "base");
    manifest.base = {integer_at(base, "step", 0, manifest.step - 1), text_at(base, "digest")};
  }
  if (json.contains("write_seconds")) manifest.write_seconds = number_at(json, "write_seconds");
  return manifest;
}

std::string sealed(nlohmann::json manifest) {
  manifest.erase("digest");
  manifest["digest"] = digest(manifest.dump());
  return manifest.dump(2) + "\n";
}

Manifest read_manifest(const fs::path& folder) {
  const auto path = folder / kManifest;
  const auto text = read_file(path, kMostJsonBytes);
  const auto json = parse_json(text, path.string());
  auto manifest = [&] {
    try {
      check_version(json);
      if (sealed(json) != text) throw DataError("is damaged: its digest does not hold");
      return manifest_from_json(json);
    } catch (const DataError& error) {
      throw DataError(fmt::format("{}: {}", path.string(), error.what()));
    }
  }();
  for (const auto& slice : manifest.slices) check_slice(folder, slice, manifest.vectors.size());
  for (const auto& file : manifest.table_files) check_table_file(folder, file, manifest);
  return manifest;
}

}  // namespace warmstart
