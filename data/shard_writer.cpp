#include "data/shard_writer.h"

#include <string_view>
#include <vector>

#include "base/hdf5.h"

namespace warmstart {
namespace {

// What the table says of the tasks, a column a field.
std::vector<CellColumn> columns_of(const std::vector<std::string>& tasks, const SideTable& table) {
  std::vector<CellColumn> columns;
  for (const auto& field : table.fields()) columns.emplace_back(field->field.kind);
  if (!table.has_table()) return columns;
  for (const auto& task : tasks) {
    const auto number = table.keys().find(task);
    for (std::size_t i = 0; i < columns.size(); ++i) columns[i].add(table.column(i), number, number + std::size_t{1});
  }
  return columns;
}

}  // namespace

std::string write_shard(const std::filesystem::path& path, const CleanedTasks& tasks, const IngestTables& tables) {
  const auto& task_fields = tables.tasks.fields();
  const auto task_columns = columns_of(tasks.keys, tables.tasks);
  Hdf5Writer file(path);
  file.texts("tasks/key", tasks.keys.size(), [&tasks](auto task) { return std::string_view(tasks.keys[task]); });
  file.array("tasks/offset", tasks.offsets);
  for (std::size_t i = 0; i < task_columns.size(); ++i)
    write_encoded(file, "tasks/field/" + task_fields[i]->field.name, *task_fields[i], task_columns[i],
                  tasks.keys.size());
  file.borrowed_array("rows/entity", std::span(tasks.entity), {tasks.entity.size()});
  file.borrowed_array("rows/label", std::span(tasks.label), {tasks.label.size()});
  file.borrowed_array("rows/time", std::span(tasks.time), {tasks.time.size()});
  if (tables.has_users()) file.borrowed_array("rows/user", std::span(tasks.user), {tasks.user.size()});
  for (std::size_t i = 0; i < tables.row_fields.size(); ++i) {
    const auto& field = *tables.row_fields[i];
    write_encoded(file, "rows/field/" + field.field.name, field, tasks.fields[i], tasks.entity.size());
  }
  return file.close();
}

}  // namespace warmstart
