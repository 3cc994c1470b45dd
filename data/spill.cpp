#include "data/spill.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <unordered_map>
#include <utility>

#include "base/errors.h"
#include "base/files.h"

namespace warmstart {
namespace {

std::filesystem::path file_of(const std::filesystem::path& folder, std::int64_t shard, int rank) {
  return folder / fmt::format("spill-{:05d}-{:05d}", shard, rank);
}

template <typename T>
void put(std::string& record, T value) {
  record.append(reinterpret_cast<const char*>(&value), sizeof value);
}

template <typename T>
T value_at(const char* bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof value);
  return value;
}

struct HashOfKey {
  std::size_t operator()(std::string_view key) const { return XXH3_64bits(key.data(), key.size()); }
};

// A spill file in memory, whose records turn to rows one by one.  In place, the keys' numbers become those of all
// ranks. What is not there throws DataError, since another program has changed the file.
class Records {
 public:
  Records(std::string& bytes, const std::filesystem::path& file, const SpillOfRank& rank, const SpillReader& reader)
      : bytes_(bytes), file_(file), rank_(rank), reader_(reader) {}

  bool any() const { return at_ < bytes_.size(); }

  std::string_view task() {
    const auto size = take<std::uint32_t>();
    return {take(size), size};
  }

  SpilledRow row() {
    SpilledRow row;
    row.entity = take_key(rank_.entities);
    row.label = take<double>();
    row.time = take<double>();
    row.order = take<std::int64_t>() + rank_.rows_before;
    if (!reader_.has_time) row.time = static_cast<double>(row.order);
    if (!std::isfinite(row.label) || !std::isfinite(row.time)) damaged();
    row.cells = bytes_.data() + at_;
    for (std::size_t i = 0; i < reader_.fields.size(); ++i) {
      if (i == reader_.first_derived) row.derived = bytes_.data() + at_;
      take_cell(i);
    }
    if (reader_.has_user) row.user = value_at<std::uint32_t>(row.cells + sizeof(std::uint32_t));
    return row;
  }

 private:
  char* take(std::size_t size) {
    if (size > bytes_.size() - at_) damaged();
    at_ += size;
    return bytes_.data() + at_ - size;
  }
  template <typename T>
  T take() {
    return value_at<T>(take(sizeof(T)));
  }
  std::uint32_t take_key(const NumbersOfRank& numbers) {
    auto* const place = take(sizeof(std::uint32_t));
    const auto own = value_at<std::uint32_t>(place);
    if (!numbers.has(own)) damaged();
    const auto number = numbers[own];
    std::memcpy(place, &number, sizeof number);
    return number;
  }
  void take_cell(std::size_t field) {
    if (reader_.fields[field]->field.kind == FieldKind::kDense) {
      take<double>();
      return;
    }
    const auto count = take<std::uint32_t>();
    if (field == 0 && reader_.has_user && count == 0) damaged();
    for (std::uint32_t i = 0; i < count; ++i) take_key(rank_.keys[field]);
  }
  [[noreturn]] void damaged() const {
    throw DataError(
        fmt::format("{}: a temporary file was changed while the tables were read; ingest them again", file_.string()));
  }

  std::string& bytes_;
  const std::filesystem::path& file_;
  const SpillOfRank& rank_;
  const SpillReader& reader_;
  std::size_t at_ = 0;
};

}  // namespace

SpillWriter::SpillWriter(const std::filesystem::path& folder, std::int64_t shards, int rank)
    : folder_(folder), rows_(static_cast<std::size_t>(shards), 0) {
  for (std::int64_t shard = 0; shard < shards; ++shard) {
    const auto file = file_of(folder, shard, rank);
    files_.emplace_back(file, std::ios::binary);
    if (!files_.back()) throw_system_error("cannot create", file);
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
  const auto shard = XXH3_64bits(task.data(), task.size()) % files_.size();
  auto& file = files_[shard];
  ++rows_[shard];
  if (!file.write(record_.data(), static_cast<std::streamsize>(record_.size())))
    throw_system_error("cannot write", folder_);
}

void SpillWriter::close() {
  for (auto& file : files_) {
    file.close();
    if (!file) throw_system_error("cannot write", folder_);
  }
}

SpilledShard SpillReader::read(std::int64_t shard) const {
  SpilledShard result;
  result.contents.reserve(ranks.size());  // rows point into it
  std::unordered_map<std::string_view, std::size_t, HashOfKey> numbers;
  for (const auto& rank : ranks) {
    const auto file = file_of(folder, shard, rank.writer);
    Records records(result.contents.emplace_back(read_file(file)), file, rank, *this);
    while (records.any()) {
      const auto key = records.task();
      const auto [found, is_new] = numbers.try_emplace(key, result.tasks.size());
      if (is_new) result.tasks.push_back({std::string(key), {}});
      result.tasks[found->second].rows.push_back(records.row());
    }
  }
  std::sort(result.tasks.begin(), result.tasks.end(), [](const auto& a, const auto& b) { return a.key < b.key; });
  return result;
}

const std::vector<Cell>& CellReader::of(const SpilledRow& row) {
  const auto* at = row.cells;
  for (std::size_t i = 0; i < cells_.size(); ++i) {
    if (fields_[i]->field.kind == FieldKind::kDense) {
      cells_[i].value = value_at<double>(at);
      at += sizeof(double);
      continue;
    }
    cells_[i].keys.resize(value_at<std::uint32_t>(at));
    at += sizeof(std::uint32_t);
    const auto bytes = cells_[i].keys.size() * sizeof(std::uint32_t);
    if (bytes > 0) std::memcpy(cells_[i].keys.data(), at, bytes);
    at += bytes;
  }
  return cells_;
}

}  // namespace warmstart
