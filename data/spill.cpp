#include "data/spill.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "base/errors.h"
#include "base/files.h"

namespace warmstart {
namespace {

// Records that wait to be written together: of all shards, and of each.
constexpr std::size_t kUnwrittenBytes = std::size_t{32} << 20, kFewestBytes = 1 << 12, kMostBytes = 1 << 18;

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
    if (reader_.has_user) row.user = take_key(rank_.users);
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

struct ShardInMaking {
  SpilledShard shard;
  KeyNumbers numbers;  // of its tasks

  void add(Records& records) {
    while (records.any()) {
      const auto key = records.task();
      const auto number = numbers.add(key);
      if (number == shard.tasks.size()) shard.tasks.push_back({std::string(key), {}});
      shard.tasks[number].rows.push_back(records.row());
    }
  }
  SpilledShard finished() && {
    std::sort(shard.tasks.begin(), shard.tasks.end(), [](const auto& a, const auto& b) { return a.key < b.key; });
    return std::move(shard);
  }
};

}  // namespace

std::size_t shard_of(std::string_view task, std::size_t shards) {
  return XXH3_64bits(task.data(), task.size()) % shards;
}

void append_record(std::string& records, std::string_view task, const Interaction& row, const FieldBuilders& fields) {
  put(records, static_cast<std::uint32_t>(task.size()));
  records.append(task);
  put(records, row.entity);
  if (row.user != kNoUser) put(records, row.user);
  put(records, row.label);
  put(records, row.time);
  put(records, row.order);
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (fields[i]->field.kind == FieldKind::kDense) {
      put(records, row.cells[i].value);
    } else {
      put(records, static_cast<std::uint32_t>(row.cells[i].keys.size()));
      for (const auto key : row.cells[i].keys) put(records, key);
    }
  }
}

SpillWriter::SpillWriter(const std::filesystem::path& folder, std::int64_t shards, int rank)
    : RowSink(shards),
      folder_(folder),
      unwritten_(static_cast<std::size_t>(shards)),
      most_unwritten_(std::clamp(kUnwrittenBytes / static_cast<std::size_t>(shards), kFewestBytes, kMostBytes)) {
  for (std::int64_t shard = 0; shard < shards; ++shard) {
    const auto file = file_of(folder, shard, rank);
    files_.emplace_back().rdbuf()->pubsetbuf(nullptr, 0);
    files_.back().open(file, std::ios::binary);
    if (!files_.back()) throw_system_error("cannot create", file);
  }
}

void SpillWriter::add(std::string_view task, const Interaction& row, const FieldBuilders& fields) {
  const auto shard = shard_of(task, files_.size());
  append_record(unwritten_[shard], task, row, fields);
  count_row(shard);
  if (unwritten_[shard].size() >= most_unwritten_) write(shard);
}

void SpillWriter::write(std::size_t shard) {
  auto& records = unwritten_[shard];
  if (!files_[shard].write(records.data(), static_cast<std::streamsize>(records.size())))
    throw_system_error("cannot write", folder_);
  records.clear();
}

void SpillWriter::close() {
  for (std::size_t shard = 0; shard < files_.size(); ++shard) {
    write(shard);
    files_[shard].close();
    if (!files_[shard]) throw_system_error("cannot write", folder_);
  }
}

SpilledShard SpillReader::read(std::int64_t shard) const {
  ShardInMaking made;
  made.shard.contents.reserve(ranks.size());  // rows point into it
  for (const auto& rank : ranks) {
    const auto file = file_of(folder, shard, rank.writer);
    Records records(made.shard.contents.emplace_back(read_file(file)), file, rank, *this);
    made.add(records);
  }
  return std::move(made).finished();
}

SpilledShard SpillReader::read(std::string records) const {
  ShardInMaking made;
  Records rows(made.shard.contents.emplace_back(std::move(records)), folder, ranks.front(), *this);
  made.add(rows);
  return std::move(made).finished();
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
