#include "data/spill.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <span>
#include <unordered_map>
#include <utility>

#include "base/errors.h"
#include "base/files.h"
#include "base/text.h"

namespace warmstart {
namespace {

std::filesystem::path file_of(const std::filesystem::path& folder, std::int64_t shard) {
  return folder / fmt::format("spill-{:05d}", shard);
}

template <typename T>
void put(std::string& record, T value) {
  record.append(reinterpret_cast<const char*>(&value), sizeof value);
}

// What is left of a spill file.  Taking more than there is throws DataError, since another program has changed the
// file.
class Remainder {
 public:
  Remainder(std::string_view bytes, const std::filesystem::path& file) : bytes_(bytes), file_(file) {}

  bool empty() const { return bytes_.empty(); }
  std::string_view take(std::size_t size) {
    if (size > bytes_.size()) damaged();
    const auto taken = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return taken;
  }
  template <typename T>
  T take() {
    T value;
    std::memcpy(&value, take(sizeof value).data(), sizeof value);
    return value;
  }
  [[noreturn]] void damaged() const {
    throw DataError(
        fmt::format("{}: a temporary file was changed while the tables were read; ingest them again", file_.string()));
  }

 private:
  std::string_view bytes_;
  const std::filesystem::path& file_;
};

std::vector<std::uint32_t> take_keys(Remainder& from, const KeyNumbers& known) {
  const auto count = from.take<std::uint32_t>();
  const auto bytes = from.take(std::size_t{count} * sizeof(std::uint32_t));
  std::vector<std::uint32_t> keys(count);
  if (count > 0) std::memcpy(keys.data(), bytes.data(), bytes.size());
  for (const auto key : keys) {
    if (key >= known.size()) from.damaged();
  }
  return keys;
}

Interaction take_interaction(Remainder& from, const FieldBuilders& fields, std::size_t entities) {
  Interaction row;
  row.entity = from.take<std::uint32_t>();
  if (row.entity >= entities) from.damaged();
  row.label = from.take<double>();
  row.time = from.take<double>();
  row.order = from.take<std::int64_t>();
  if (!std::isfinite(row.label) || !std::isfinite(row.time)) from.damaged();
  row.cells.resize(fields.size());
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (fields[i]->field.kind == FieldKind::kDense) {
      row.cells[i].value = from.take<double>();
    } else {
      row.cells[i].keys = take_keys(from, fields[i]->keys);
    }
  }
  return row;
}

bool earlier(const Interaction& a, const Interaction& b) {
  return a.time != b.time ? a.time < b.time : a.order < b.order;
}

// Which rows are of one thing: of scenarios, the user's key, the first of a row's fields, tells them apart, too.
using Pair = std::pair<std::uint32_t, std::uint32_t>;

Pair pair_of(const Interaction& row, TaskSide task) {
  return {row.entity, task == TaskSide::kScenario ? row.cells[0].keys[0] : 0};
}

// The label of rows of one pair, the latest first.
double label_of(std::span<const Interaction> rows, Duplicates duplicates) {
  if (duplicates == Duplicates::kLatest) return rows[0].label;
  const auto count = static_cast<double>(rows.size());
  if (duplicates == Duplicates::kCount) return count;
  double sum = 0.0;
  for (const auto& row : rows) sum += row.label;
  return duplicates == Duplicates::kMean ? sum / count : sum;
}

// The latest row of each pair stays, with the label that all of them make.
void merge_rows_of_each_pair(std::vector<Interaction>& rows, const IngestOptions& options) {
  const auto same = [&](const Interaction& a, const Interaction& b) {
    return pair_of(a, options.task) == pair_of(b, options.task);
  };
  std::sort(rows.begin(), rows.end(), [&](const auto& a, const auto& b) {
    return same(a, b) ? earlier(b, a) : pair_of(a, options.task) < pair_of(b, options.task);
  });
  for (auto first = rows.begin(); first != rows.end();) {
    const auto end = std::find_if(first, rows.end(), [&](const auto& row) { return !same(row, *first); });
    first->label = label_of({first, end}, options.duplicates);
    first = end;
  }
  rows.erase(std::unique(rows.begin(), rows.end(), same), rows.end());
}

// Returns how many rows were removed.
std::int64_t leave_out_late(std::vector<Interaction>& rows, double end) {
  return static_cast<std::int64_t>(std::erase_if(rows, [&](const auto& row) { return row.time >= end; }));
}

// Likewise.
std::int64_t clean_duplicates(std::vector<Interaction>& rows, const IngestOptions& options) {
  const auto before = std::ssize(rows);
  if (options.duplicates != Duplicates::kAll) merge_rows_of_each_pair(rows, options);
  std::sort(rows.begin(), rows.end(), earlier);
  return before - std::ssize(rows);
}

// Leaves out, and notes, the rows whose label then is no number that can be learned from.
void transform_labels(SpilledTask& task, const LabelTransform& transform, std::vector<UnusableLabel>& unusable) {
  std::erase_if(task.rows, [&](Interaction& row) {
    const auto made = transform(row.label);
    const bool sound = std::abs(made) <= kLargestNumber;  // false of what is not a number
    if (!sound) unusable.push_back({task.key, row.entity, row.label});
    row.label = static_cast<float>(made);  // as it is stored
    return !sound;
  });
}

}  // namespace

SpillWriter::SpillWriter(const std::filesystem::path& folder, std::int64_t shards) : folder_(folder) {
  for (std::int64_t shard = 0; shard < shards; ++shard) {
    files_.emplace_back(file_of(folder, shard), std::ios::binary);
    if (!files_.back()) throw_system_error("cannot create", file_of(folder, shard));
  }
}

void SpillWriter::add(std::string_view task, const Interaction& row, const FieldBuilders& fields) {
  record_.clear();
  put(record_, static_cast<std::uint32_t>(task.size()));
  record_.append(task);
  put(record_, row.entity);
  put(record_, row.label);
  put(record_, row.time);
  put(record_, row.order);
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (fields[i]->field.kind == FieldKind::kDense) {
      put(record_, row.cells[i].value);
    } else {
      put(record_, static_cast<std::uint32_t>(row.cells[i].keys.size()));
      for (const auto key : row.cells[i].keys) put(record_, key);
    }
  }
  // By the key's digest: independent of the order of the rows, and even.
  auto& file = files_[XXH3_64bits(task.data(), task.size()) % files_.size()];
  if (!file.write(record_.data(), static_cast<std::streamsize>(record_.size())))
    throw_system_error("cannot write", folder_);
}

void SpillWriter::close() {
  for (auto& file : files_) {
    file.close();
    if (!file) throw_system_error("cannot write", folder_);
  }
}

SpilledShard read_spill(const std::filesystem::path& folder, std::int64_t shard, const FieldBuilders& fields,
                        std::size_t entities, const IngestOptions& options, const EndOfTask& end_of) {
  const auto file = file_of(folder, shard);
  const auto content = read_file(file);
  std::unordered_map<std::string_view, std::size_t> numbers;
  std::vector<SpilledTask> tasks;
  Remainder rest(content, file);
  while (!rest.empty()) {
    const auto key = rest.take(rest.take<std::uint32_t>());
    const auto [found, is_new] = numbers.try_emplace(key, tasks.size());
    if (is_new) tasks.push_back({std::string(key), {}});
    tasks[found->second].rows.push_back(take_interaction(rest, fields, entities));
  }
  std::sort(tasks.begin(), tasks.end(), [](const auto& a, const auto& b) { return a.key < b.key; });

  SpilledShard result;
  for (auto& task : tasks) {
    // First, so that nothing late is in a label that several rows make.
    result.late_rows += leave_out_late(task.rows, end_of(task.key));
    result.duplicate_rows += clean_duplicates(task.rows, options);
    transform_labels(task, options.transform, result.unusable);
    if (task.rows.size() > std::numeric_limits<std::uint32_t>::max())
      throw DataError(fmt::format("task '{}' has over 2^32 - 1 rows; leave some out", printable(task.key)));
    if (static_cast<std::int64_t>(task.rows.size()) < options.min_rows) {
      result.short_task_rows += static_cast<std::int64_t>(task.rows.size());
    } else {
      result.tasks.push_back(std::move(task));
    }
  }
  return result;
}

}  // namespace warmstart
