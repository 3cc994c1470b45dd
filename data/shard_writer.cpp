#include "data/shard_writer.h"

#include <string>
#include <vector>

#include "base/hdf5.h"

namespace warmstart {

void write_shard(const std::filesystem::path& path, const std::vector<SpilledTask>& tasks, const SideTable* table,
                 const FieldBuilders& row_fields) {
  std::vector<std::string> keys;
  std::vector<std::int64_t> offsets = {0};
  std::vector<std::uint32_t> entity;
  std::vector<float> label;
  std::vector<double> time;
  std::vector<EncodedColumn> task_columns, row_columns;
  if (table) {
    for (const auto& field : table->fields()) task_columns.emplace_back(*field);
  }
  for (const auto& field : row_fields) row_columns.emplace_back(*field);
  CellReader cells_of_row(row_fields);

  for (const auto& task : tasks) {
    keys.push_back(task.key);
    if (table) {
      const auto& cells = table->cells(table->keys().find(task.key));
      for (std::size_t i = 0; i < task_columns.size(); ++i) task_columns[i].add(cells[i]);
    }
    for (const auto& row : task.rows) {
      entity.push_back(row.entity);
      label.push_back(static_cast<float>(row.label));
      time.push_back(row.time);
      const auto& cells = cells_of_row.of(row);
      for (std::size_t i = 0; i < row_columns.size(); ++i) row_columns[i].add(cells[i]);
    }
    offsets.push_back(static_cast<std::int64_t>(entity.size()));
  }

  Hdf5Writer file(path);
  file.texts("tasks/key", keys);
  file.array("tasks/offset", offsets);
  for (std::size_t i = 0; i < task_columns.size(); ++i) {
    task_columns[i].write(file, "tasks/field/" + table->fields()[i]->field.name);
  }
  file.array("rows/entity", entity);
  file.array("rows/label", label);
  file.array("rows/time", time);
  for (std::size_t i = 0; i < row_columns.size(); ++i) {
    row_columns[i].write(file, "rows/field/" + row_fields[i]->field.name);
  }
  file.close();
}

}  // namespace warmstart
