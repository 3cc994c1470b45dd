#include "serving/version_changes.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <deque>
#include <set>

#include "base/digest.h"
#include "base/errors.h"
#include "base/files.h"
#include "base/json.h"
#include "base/pending_folder.h"
#include "base/text.h"
#include "serving/table_changes.h"
#include "serving/traced_model.h"

namespace warmstart {
namespace {

namespace fs = std::filesystem;

constexpr int kVersionOfChanges = 1;
constexpr const char *kChanges = "changes.json", *kTables = "tables.parquet", *kBytes = "bytes";
constexpr std::int64_t kMostWidth = std::int64_t{1} << 20, kMostRows = std::int64_t{1} << 40;  // of a table
constexpr std::size_t kShortGap = 32;  // bytes that did not change between some that did: cheaper than another range

// Where a table's values begin in a file.
struct Occurrence {
  std::size_t table, offset;
};

std::string_view bytes_of(const ModelTable& table) {
  return {reinterpret_cast<const char*>(table.values.const_data_ptr<float>()), table.values.nbytes()};
}

std::size_t row_bytes(const ModelTable& table) {
  return static_cast<std::size_t>(table.values.size(1)) * sizeof(float);
}

std::vector<Occurrence> occurrences(const std::string& content, const std::vector<ModelTable>& tables) {
  std::vector<Occurrence> found;
  for (std::size_t t = 0; t < tables.size(); ++t) {
    const auto bytes = bytes_of(tables[t]);
    if (bytes.empty()) continue;
    for (auto at = content.find(bytes); at != std::string::npos; at = content.find(bytes, at + bytes.size()))
      found.push_back({t, at});
  }
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.offset < b.offset; });
  return found;
}

// Of old and new bytes in [first, end), the ranges that differ.
void add_ranges(nlohmann::json& ranges, const std::string& from, const std::string& to, std::size_t first,
                std::size_t end) {
  std::size_t begin = 0, last = 0;
  bool open = false;
  const auto close = [&] {
    if (open) ranges.push_back({begin, last + 1 - begin});
    open = false;
  };
  for (auto i = first; i < end; ++i) {
    if (from[i] == to[i]) continue;
    if (open && i - last > kShortGap) close();
    if (!open) begin = i;
    open = true;
    last = i;
  }
  close();
}

// Finds out what changed, file by file.
class Comparison {
 public:
  explicit Comparison(const std::vector<ModelTable>& tables)
      : tables_(tables), changed_(tables.size()), compared_(tables.size(), false) {}

  // `from` is empty, or of another length, where the file is to be written whole.
  void add(const std::string& name, std::string from, const std::string& to) {
    auto& file = files_[name] = {{"size", to.size()}, {"digest", digest(to)}};
    auto &places = file["tables"] = nlohmann::json::array(), &ranges = file["ranges"] = nlohmann::json::array();
    if (from.size() != to.size()) {
      ranges.push_back({0, to.size()});
      bytes_ += to;
      return;
    }
    std::size_t first = 0;
    for (const auto& [table, offset] : occurrences(to, tables_)) {
      if (offset < first) continue;  // two tables of the same values
      add_ranges(ranges, from, to, first, offset);
      places.push_back({table, offset});
      note_rows(table, from.data() + offset);
      first = offset + bytes_of(tables_[table]).size();
    }
    add_ranges(ranges, from, to, first, to.size());
    for (const auto& range : ranges) bytes_ += to.substr(range[0], range[1]);
  }

  std::vector<ChangedRow> rows() const {
    std::vector<ChangedRow> rows;
    for (std::size_t t = 0; t < tables_.size(); ++t) {
      const auto width = tables_[t].values.size(1);
      const auto* values = tables_[t].values.const_data_ptr<float>();
      for (std::int64_t row = 0; row < tables_[t].values.size(0); ++row)
        if (!compared_[t] || changed_[t].contains(row))
          rows.push_back({t, row, {values + row * width, values + (row + 1) * width}});
    }
    return rows;
  }

  const nlohmann::json& files() const { return files_; }
  const std::string& bytes() const { return bytes_; }

 private:
  void note_rows(std::size_t table, const char* from) {
    compared_[table] = true;
    const auto* to = bytes_of(tables_[table]).data();
    const auto bytes = row_bytes(tables_[table]);
    for (std::int64_t row = 0; row < tables_[table].values.size(0); ++row)
      if (std::memcmp(from + static_cast<std::size_t>(row) * bytes, to + static_cast<std::size_t>(row) * bytes,
                      bytes) != 0)
        changed_[table].insert(row);
  }

  const std::vector<ModelTable>& tables_;
  std::vector<std::set<std::int64_t>> changed_;  // rows of each table
  std::vector<bool> compared_;                   // each table; what was not counts as changed whole
  nlohmann::json files_ = nlohmann::json::object();
  std::string bytes_;
};

std::string content_of(const VersionFiles& files, const std::string& name) {
  const auto found = files.paths.find(name);
  return found == files.paths.end() ? std::string() : read_file(found->second);
}

std::string model_json(const std::string& name) { return name + "/model.json"; }

// "NAME-adapt/model.onnx" of a version in a repository.
fs::path place_of(const fs::path& repository, const std::string& file, const std::string& version) {
  const auto slash = file.find('/');
  return repository / file.substr(0, slash) / version / file.substr(slash + 1);
}

// A file's name that stays in the version's own folders.
void check_file_name(const std::string& file, const std::string& name) {
  const fs::path path(file);
  const auto of_model = [&](GraphKind kind) { return *path.begin() == name + suffix_of(kind); };
  const bool inside = path.is_relative() && std::distance(path.begin(), path.end()) >= 2 &&
                      std::find(path.begin(), path.end(), "..") == path.end() &&
                      std::any_of(kAllGraphs.begin(), kAllGraphs.end(), of_model);
  if (!inside) throw DataError(fmt::format("names a file '{}', which is not the model's", printable(file)));
}

const std::string& version_at(const nlohmann::json& facts, const char* key) {
  const auto& version = text_at(facts, key);
  if (version.empty() || version.size() > 18 || version.find_first_not_of("0123456789") != std::string::npos)
    throw DataError(fmt::format("'{}' is no version, as 3 is", key));
  return version;
}

// Applies what changes.json says.
class Application {
 public:
  Application(const fs::path& changes, const fs::path& repository) : changes_(changes), repository_(repository) {
    facts_ = read_json(changes / kChanges);
    if (integer_at(facts_, "format") != kVersionOfChanges)
      throw DataError("is of another version of the format; export the changes again");
    name_ = file_name_at(facts_, "name");
    version_ = version_at(facts_, "version");
    since_ = version_at(facts_, "since");
    for (const auto& table : list_at(facts_, "tables")) {
      tables_.push_back(text_at(table, "name"));
      widths_.push_back(integer_at(table, "width", 0, kMostWidth));
      heights_.push_back(integer_at(table, "rows", 0, kMostRows));
    }
    bytes_ = checked(kBytes);
    for (auto& row : read_table_changes(checked(kTables), tables_)) {
      if (row.row < 0 || row.row >= heights_[row.table] ||
          static_cast<std::int64_t>(row.vector.size()) != widths_[row.table])
        throw DataError(fmt::format("{}: row {} of '{}' is not the model's", kTables, row.row, tables_[row.table]));
      rows_.push_back(std::move(row));
    }
  }

  fs::path run() {
    check_older();
    auto target = repository_ / name_ / version_;
    PendingFolder model(target);
    std::map<std::string, fs::path> folders = {{name_, model.path()}};
    std::deque<PendingFolder> others;
    for (const auto& [file, change] : object_at(facts_, "files").items()) {
      check_file_name(file, name_);
      const auto graph = file.substr(0, file.find('/'));
      if (!folders.contains(graph)) {
        fs::remove_all(repository_ / graph / version_);  // of an application that was ended
        fs::create_directories(repository_ / graph);
        folders[graph] = others.emplace_back(repository_ / graph / version_).path();
      }
      const auto path = folders[graph] / file.substr(graph.size() + 1);
      fs::create_directories(path.parent_path());
      write_file(path, changed(file, change));
    }
    for (auto& other : others) other.commit();
    model.commit();
    return target;
  }

 private:
  std::string checked(const char* file) const {
    auto content = read_file(changes_ / file);
    if (digest(content) != text_at(object_at(facts_, "digests"), file))
      throw DataError(fmt::format("{}: is not what was written; fetch the changes again", file));
    return content;
  }

  void check_older() const {
    const auto older = repository_ / name_ / since_ / "model.json";
    if (!fs::exists(older))
      throw DataError(
          fmt::format("changes since version {}, which {} does not hold", since_, (repository_ / name_).string()));
    if (digest_file(older) != text_at(facts_, "since_digest"))
      throw DataError(
          fmt::format("{} is another version {} than the one that the changes are since: fetch version {} "
                      "whole",
                      older.string(), since_, version_));
  }

  // A piece of `size` bytes at a place in `content`.
  static char* piece(std::string& content, const nlohmann::json& place, std::size_t size) {
    const auto offset = static_cast<std::size_t>(as_integer(place, "offsets"));
    if (offset > content.size() || size > content.size() - offset) throw DataError("a change is beyond its file's end");
    return content.data() + offset;
  }

  std::string changed(const std::string& file, const nlohmann::json& change) {
    const auto older = place_of(repository_, file, since_);
    auto content = fs::exists(older) ? read_file(older) : std::string();
    const auto size = static_cast<std::size_t>(integer_at(change, "size"));
    // What does not come from the older file comes from the bytes, which bounds its size.
    if (content.size() != size) content.assign(std::min(size, bytes_.size()), '\0');
    for (const auto& place : list_at(change, "tables")) write_rows(content, place);
    for (const auto& range : list_at(change, "ranges")) write_range(content, range);
    if (content.size() != size || digest(content) != text_at(change, "digest"))
      throw DataError(
          fmt::format("{}: the changes do not make it what it should be: the older version is damaged, or "
                      "the changes are; fetch version {} whole",
                      file, version_));
    return content;
  }

  void write_rows(std::string& content, const nlohmann::json& place) const {
    if (!place.is_array() || place.size() != 2) throw DataError("'tables' holds no pair");
    const auto table =
        static_cast<std::size_t>(as_integer(place[0], "tables", 0, static_cast<std::int64_t>(tables_.size()) - 1));
    const auto bytes = static_cast<std::size_t>(widths_[table]) * sizeof(float);
    auto* first = piece(content, place[1], static_cast<std::size_t>(heights_[table]) * bytes);
    for (const auto& row : rows_)
      if (row.table == table) std::memcpy(first + static_cast<std::size_t>(row.row) * bytes, row.vector.data(), bytes);
  }

  void write_range(std::string& content, const nlohmann::json& range) {
    if (!range.is_array() || range.size() != 2) throw DataError("'ranges' holds no pair");
    const auto length = static_cast<std::size_t>(as_integer(range[1], "ranges"));
    if (length > bytes_.size() - used_) throw DataError("the changes ask for more bytes than there are");
    std::memcpy(piece(content, range[0], length), bytes_.data() + used_, length);
    used_ += length;
  }

  fs::path changes_, repository_;
  nlohmann::json facts_;
  std::string name_, version_, since_, bytes_;
  std::vector<std::string> tables_;
  std::vector<std::int64_t> widths_, heights_;
  std::vector<ChangedRow> rows_;
  std::size_t used_ = 0;  // of bytes_
};

}  // namespace

VersionFiles version_files(const fs::path& repository, const std::string& name, const std::string& version) {
  VersionFiles files = {name, version, {}};
  files.paths[model_json(name)] = place_of(repository, model_json(name), version);
  const auto description = read_json(files.paths[model_json(name)]);
  for (const auto& [file, sum] : object_at(description, "files").items())
    files.paths[file] = place_of(repository, file, version);
  return files;
}

std::int64_t write_changes(const VersionFiles& since, const VersionFiles& version,
                           const std::vector<ModelTable>& tables, const fs::path& folder) {
  Comparison comparison(tables);
  for (const auto& [name, path] : version.paths) comparison.add(name, content_of(since, name), read_file(path));
  const auto rows = comparison.rows();
  const auto parquet = write_table_changes(tables, rows);
  auto described = nlohmann::json::array();
  for (const auto& table : tables)
    described.push_back({{"name", table.name}, {"rows", table.values.size(0)}, {"width", table.values.size(1)}});
  fs::create_directories(folder);
  write_file(folder / kTables, parquet);
  write_file(folder / kBytes, comparison.bytes());
  const nlohmann::json facts = {{"format", kVersionOfChanges},
                                {"name", version.name},
                                {"since", since.version},
                                {"version", version.version},
                                {"since_digest", digest_file(since.paths.at(model_json(since.name)))},
                                {"digests", {{kTables, digest(parquet)}, {kBytes, digest(comparison.bytes())}}},
                                {"tables", described},
                                {"files", comparison.files()}};
  write_file(folder / kChanges, facts.dump(1) + "\n");
  return static_cast<std::int64_t>(rows.size());
}

fs::path apply_changes(const fs::path& changes, const fs::path& repository) {
  try {
    return Application(changes, repository).run();
  } catch (const DataError& error) {
    throw DataError(fmt::format("{}: {}", changes.string(), error.what()));
  }
}

}  // namespace warmstart
