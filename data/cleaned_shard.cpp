#include "data/cleaned_shard.h"

namespace warmstart {
namespace {

constexpr std::size_t kAhead = 16;  // rows

CleanedTasks by_column(const std::vector<SpilledTask>& tasks, const FieldBuilders& row_fields) {
  CleanedTasks result(row_fields);
  CellReader cells_of_row(row_fields);
  for (const auto& task : tasks) {
    result.keys.push_back(task.key);
    for (std::size_t r = 0; r < task.rows.size(); ++r) {
      const auto& row = task.rows[r];
      // Cells of rows in order lie anywhere in the shard: waiting for each took a fifth of an ingest.
      if (r + kAhead < task.rows.size()) __builtin_prefetch(task.rows[r + kAhead].cells);
      result.entity.push_back(row.entity);
      if (row.user != kNoUser) result.user.push_back(row.user);
      result.label.push_back(static_cast<float>(row.label));
      result.time.push_back(row.time);
      const auto& cells = cells_of_row.of(row);
      for (std::size_t i = 0; i < cells.size(); ++i) result.fields[i].add(cells[i]);
    }
    result.offsets.push_back(static_cast<std::int64_t>(result.entity.size()));
  }
  return result;
}

void write(ArrayFileWriter& file, const CleanedTasks& tasks) {
  file.add_texts(tasks.keys);
  file.add(tasks.offsets);
  file.add(tasks.entity);
  file.add(tasks.user);
  file.add(tasks.label);
  file.add(tasks.time);
  for (const auto& field : tasks.fields) field.write(file);
}

void read(ArrayFileReader& file, CleanedTasks& tasks) {
  tasks.keys = file.take_texts();
  tasks.offsets = file.take<std::int64_t>();
  tasks.entity = file.take<std::uint32_t>();
  tasks.user = file.take<std::uint32_t>();
  tasks.label = file.take<float>();
  tasks.time = file.take<double>();
  for (auto& field : tasks.fields) field.read(file);
}

}  // namespace

CleanedTasks::CleanedTasks(const FieldBuilders& row_fields) {
  for (const auto& field : row_fields) fields.emplace_back(field->field.kind);
}

CleanedShard by_column(const SpilledShard& shard, const FieldBuilders& row_fields) {
  CleanedShard result(row_fields);
  result.tasks = by_column(shard.tasks, row_fields);
  result.short_tasks = by_column(shard.short_tasks, row_fields);
  return result;
}

void CleanedTasks::add(const CleanedTasks& others, std::size_t task) {
  const auto begin = others.offsets[task], end = others.offsets[task + 1];
  const auto append = [&](auto& values, const auto& of_others) {
    values.insert(values.end(), of_others.begin() + begin, of_others.begin() + end);
  };
  keys.push_back(others.keys[task]);
  append(entity, others.entity);
  if (!others.user.empty()) append(user, others.user);
  append(label, others.label);
  append(time, others.time);
  for (std::size_t i = 0; i < fields.size(); ++i)
    fields[i].add(others.fields[i], static_cast<std::size_t>(begin), static_cast<std::size_t>(end));
  offsets.push_back(static_cast<std::int64_t>(entity.size()));
}

void write(ArrayFileWriter& file, const CleanedShard& shard) {
  write(file, shard.tasks);
  write(file, shard.short_tasks);
}

CleanedShard read_cleaned(ArrayFileReader& file, const FieldBuilders& row_fields) {
  CleanedShard shard(row_fields);
  read(file, shard.tasks);
  read(file, shard.short_tasks);
  return shard;
}

}  // namespace warmstart
