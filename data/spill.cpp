#include "data/spill.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <cstring>
#include <unordered_map>

#include "base/errors.h"
#include "base/files.h"

namespace warmstart {
namespace {

std::filesystem::path file_of(const std::filesystem::path& folder, std::int64_t shard) {
  return folder / fmt::format("spill-{:05d}", shard);
}

template <typename T>
void put(std::string& record, T value) {
  record.append(reinterpret_cast<const char*>(&value), sizeof value);
}

template <typename T>
T get(const char*& at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  at += sizeof value;
  return value;
}

Interaction get_interaction(const char*& at, const FieldBuilders& fields) {
  Interaction row;
  row.entity = get<std::uint32_t>(at);
  row.label = get<float>(at);
  row.time = get<double>(at);
  row.order = get<std::int64_t>(at);
  row.cells.resize(fields.size());
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (fields[i]->field.kind == FieldKind::kDense) {
      row.cells[i].value = get<float>(at);
    } else {
      row.cells[i].keys.resize(get<std::uint32_t>(at));
      for (auto& key : row.cells[i].keys) key = get<std::uint32_t>(at);
    }
  }
  return row;
}

bool earlier(const Interaction& a, const Interaction& b) {
  return a.time != b.time ? a.time < b.time : a.order < b.order;
}

// Returns how many rows were removed.
std::int64_t keep_latest_of_each_entity(std::vector<Interaction>& rows) {
  std::sort(rows.begin(), rows.end(),
            [](const auto& a, const auto& b) { return a.entity != b.entity ? a.entity < b.entity : earlier(b, a); });
  const auto end =
      std::unique(rows.begin(), rows.end(), [](const auto& a, const auto& b) { return a.entity == b.entity; });
  const auto removed = rows.end() - end;
  rows.erase(end, rows.end());
  std::sort(rows.begin(), rows.end(), earlier);
  return removed;
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
                        std::int64_t min_rows) {
  const auto content = read_file(file_of(folder, shard));
  std::unordered_map<std::string_view, std::size_t> numbers;
  std::vector<SpilledTask> tasks;
  const char* at = content.data();
  while (at < content.data() + content.size()) {
    const auto length = get<std::uint32_t>(at);
    const std::string_view key(at, length);
    at += length;
    const auto [found, is_new] = numbers.try_emplace(key, tasks.size());
    if (is_new) tasks.push_back({std::string(key), {}});
    tasks[found->second].rows.push_back(get_interaction(at, fields));
  }
  std::sort(tasks.begin(), tasks.end(), [](const auto& a, const auto& b) { return a.key < b.key; });

  SpilledShard result;
  for (auto& task : tasks) {
    result.duplicate_rows += keep_latest_of_each_entity(task.rows);
    if (static_cast<std::int64_t>(task.rows.size()) < min_rows) {
      ++result.short_tasks;
      result.short_task_rows += static_cast<std::int64_t>(task.rows.size());
    } else {
      result.tasks.push_back(std::move(task));
    }
  }
  return result;
}

}  // namespace warmstart
