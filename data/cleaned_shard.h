#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "data/array_file.h"
#include "data/cell_column.h"
#include "data/spill.h"

namespace warmstart {

// Tasks in the order of their keys, and their rows as they are stored but for ids and scales, by column.
struct CleanedTasks {
  explicit CleanedTasks(const FieldBuilders& row_fields);

  std::vector<std::string> keys;
  std::vector<std::int64_t> offsets = {0};  // the rows of task i are offsets[i] to offsets[i + 1]
  std::vector<std::uint32_t> entity;
  std::vector<std::uint32_t> user;  // empty where rows have none of their own
  std::vector<float> label;
  std::vector<double> time;
  std::vector<CellColumn> fields;  // one a row field

  std::int64_t rows(std::size_t task) const { return offsets[task + 1] - offsets[task]; }
  // A task of others, behind these.
  void add(const CleanedTasks& others, std::size_t task);
};

struct CleanedShard {
  explicit CleanedShard(const FieldBuilders& row_fields) : tasks(row_fields), short_tasks(row_fields) {}
  CleanedTasks tasks, short_tasks;  // short: with fewer rows than a task must have
};

// The same by column.
CleanedShard by_column(const SpilledShard& shard, const FieldBuilders& row_fields);

// Into a temporary file, and back.
void write(ArrayFileWriter& file, const CleanedShard& shard);
CleanedShard read_cleaned(ArrayFileReader& file, const FieldBuilders& row_fields);

}  // namespace warmstart
