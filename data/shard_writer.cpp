#include "data/shard_writer.h"

#include <vector>

#include "base/hdf5.h"

namespace warmstart {
namespace {

// What the table says of the tasks, field by field.
void write_task_fields(Hdf5Writer& file, const std::vector<std::string>& keys, const SideTable& table) {
  std::vector<std::uint32_t> numbers;
  numbers.reserve(keys.size());
  for (const auto& key : keys) numbers.push_back(table.keys().find(key));
  for (std::size_t i = 0; i < table.fields().size(); ++i) {
    const auto& field = *table.fields()[i];
    CellColumn cells(field.field.kind);
    for (const auto number : numbers) cells.add(table.column(i), number, number + std::size_t{1});
    write_encoded(file, "tasks/field/" + field.field.name, field, cells, cells.size());
  }
}

}  // namespace

std::string write_shard(const std::filesystem::path& path, const CleanedTasks& tasks, const SideTable& table,
                        const FieldBuilders& row_fields) {
  PackedTexts keys;
  for (const auto& key : tasks.keys) keys.add(key);
  Hdf5Writer file(path);
  file.texts("tasks/key", std::move(keys));
  file.array("tasks/offset", tasks.offsets);
  if (table.has_table()) write_task_fields(file, tasks.keys, table);
  file.borrowed_array("rows/entity", std::span(tasks.entity), {tasks.entity.size()});
  file.borrowed_array("rows/label", std::span(tasks.label), {tasks.label.size()});
  file.borrowed_array("rows/time", std::span(tasks.time), {tasks.time.size()});
  for (std::size_t i = 0; i < row_fields.size(); ++i)
    write_encoded(file, "rows/field/" + row_fields[i]->field.name, *row_fields[i], tasks.fields[i],
                  tasks.entity.size());
  return file.close();
}

}  // namespace warmstart
