// A shard holds whole tasks in compressed-sparse-row form:
//
//   tasks/key      text           tasks/offset   int64 [tasks + 1]
//   tasks/field/*  a column a task field
//   rows/entity    uint32         rows/label float32      rows/time float64
//   rows/field/*   a column a row field
//
// Rows of a task are ordered by time.  entity is a row of entities.h5.

#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "base/hdf5.h"
#include "data/schema.h"

namespace warmstart {

// A stored column of one field; see EncodedColumn.
class StoredColumn {
 public:
  // Throws DataError unless it has `count` cells with ids of the field's vocabulary, or finite numbers.
  StoredColumn(const Hdf5Mapping& file, const std::string& name, const Field& field, std::size_t count);

  std::span<const std::uint32_t> ids(std::size_t index) const {
    if (offsets_.empty()) return ids_.subspan(index, 1);
    return ids_.subspan(static_cast<std::size_t>(offsets_[index]),
                        static_cast<std::size_t>(offsets_[index + 1] - offsets_[index]));
  }
  float dense(std::size_t index) const { return dense_[index]; }

 private:
  std::span<const std::uint32_t> ids_;
  std::span<const std::int64_t> offsets_;
  std::span<const float> dense_;
};

// The columns of all fields of one owner.
std::vector<StoredColumn> stored_columns(const Hdf5Mapping& file, const std::string& folder, const Schema& schema,
                                         FieldOwner owner, std::size_t count);

// The rows of one task; views into the shard.
struct TaskRows {
  std::span<const std::uint32_t> entity;
  std::span<const float> label;
  std::span<const double> time;
  std::size_t first;  // its first row's place in the shard
};

class Shard {
 public:
  // Throws DataError when the file is damaged, holds a number that is not finite, or does not fit the schema.
  Shard(const std::filesystem::path& path, const Schema& schema, std::size_t entities);

  std::size_t tasks() const { return offsets_.size() - 1; }
  TaskRows rows(std::size_t task) const;
  std::string key(std::size_t task) const { return file_.text("tasks/key", task); }
  const std::vector<StoredColumn>& task_fields() const { return task_fields_; }
  const std::vector<StoredColumn>& row_fields() const { return row_fields_; }

 private:
  Hdf5Mapping file_;
  std::span<const std::int64_t> offsets_;
  std::span<const std::uint32_t> entity_;
  std::span<const float> label_;
  std::span<const double> time_;
  std::vector<StoredColumn> task_fields_, row_fields_;
};

}  // namespace warmstart
