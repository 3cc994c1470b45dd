// A shard holds whole tasks in compressed-sparse-row form:
//
//   tasks/key      text           tasks/offset   int64 [tasks + 1]
//   tasks/field/*  a column a task field
//   rows/entity    uint32         rows/label float32      rows/time float64
//   rows/user      uint32, where rows have users of their own
//   rows/field/*   a column a row field, unless it is the users'
//
// Rows of a task are ordered by time.  entity is a row of entities.h5, user one of users.h5.

#pragma once

#include <filesystem>
#include <map>
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

  // The same column by rows that refer to its cells: row i has cell `references[i]`, one that there is.
  StoredColumn of_rows(std::span<const std::uint32_t> references) const;

  std::span<const std::uint32_t> ids(std::size_t index) const {
    const auto cell = cell_of(index);
    if (offsets_.empty()) return ids_.subspan(cell, 1);
    return ids_.subspan(static_cast<std::size_t>(offsets_[cell]),
                        static_cast<std::size_t>(offsets_[cell + 1] - offsets_[cell]));
  }
  float dense(std::size_t index) const { return dense_[cell_of(index)]; }

 private:
  std::size_t cell_of(std::size_t index) const { return references_.empty() ? index : references_[index]; }

  std::span<const std::uint32_t> ids_;
  std::span<const std::int64_t> offsets_;
  std::span<const float> dense_;
  std::span<const std::uint32_t> references_;  // empty where a row is its cell's
};

// The users whose rows a shard holds, each of which stands once, in users.h5; none where users are tasks or entities.
struct StoredUsers {
  std::size_t count = 0;
  std::map<std::string, StoredColumn> fields = {};  // by name: the row fields that are the users'
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
  // Throws DataError when the file is damaged, holds a number that is not finite, or does not fit the schema.  What the
  // columns of `users` view must outlive this.
  Shard(const std::filesystem::path& path, const Schema& schema, std::size_t entities, const StoredUsers& users = {});

  std::size_t tasks() const { return offsets_.size() - 1; }
  TaskRows rows(std::size_t task) const;
  std::string key(std::size_t task) const { return file_.text("tasks/key", task); }
  const std::vector<StoredColumn>& task_fields() const { return task_fields_; }
  // By the row's place in the shard, wherever they are stored.
  const std::vector<StoredColumn>& row_fields() const { return row_fields_; }
  // Of each row, where rows have users of their own; else empty.
  std::span<const std::uint32_t> users() const { return user_; }

 private:
  StoredColumn row_column(const Field& field, const StoredUsers& users) const;

  Hdf5Mapping file_;
  std::span<const std::int64_t> offsets_;
  std::span<const std::uint32_t> entity_, user_;
  std::span<const float> label_;
  std::span<const double> time_;
  std::vector<StoredColumn> task_fields_, row_fields_;
};

}  // namespace warmstart
