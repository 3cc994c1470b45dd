#include "data/ingest_tables.h"

#include <fmt/format.h>

#include <limits>

#include "data/cleaning.h"
#include "data/derived_fields.h"

namespace warmstart {
namespace {

const TableOptions& no_table() {
  static const TableOptions table;
  return table;
}

const TableOptions& task_table(const IngestOptions& options) {
  if (options.task == TaskSide::kScenario) return options.scenarios;
  return options.task == TaskSide::kItem ? options.items : options.users;
}

// Rows of scenarios have their user's key, the first of their fields.
TableOptions row_table(const IngestOptions& options) {
  auto table = options.interactions;
  if (options.task == TaskSide::kScenario) table.categorical.insert(table.categorical.begin(), options.user);
  return table;
}

}  // namespace

IngestTables::IngestTables(const IngestOptions& options, std::pmr::memory_resource* memory)
    : tasks(task_table(options), FieldOwner::kTask, options, memory),
      entities(options.task == TaskSide::kItem ? options.users : options.items, FieldOwner::kEntity, options, memory),
      row_users(options.task == TaskSide::kScenario ? options.users : no_table(), FieldOwner::kRow, options, memory),
      calendar(options.calendar, FieldOwner::kRow, options, memory,
               [column = options.calendar.key](auto text) { return day_key(time_in(column, text)); }),
      row_fields(field_builders(row_table(options), FieldOwner::kRow, options, memory)),
      columns_of_row(row_fields.size()),
      key(memory) {
  for (const auto& more : {derived_fields(options.derived), row_users.fields(), calendar.fields()})
    row_fields.insert(row_fields.end(), more.begin(), more.end());
  key.field.name = entity_column(options);
  check_name(key.field.name);
  // An example that was trained on says nothing of new classes by its key.
  key.min_count = options.task == TaskSide::kClass ? std::numeric_limits<std::int64_t>::max() : options.min_count;
}

void IngestTables::read(Rejections& rejections) {
  tasks.read(rejections);
  entities.read(rejections);
  row_users.read(rejections);
  calendar.read(rejections);
}

std::span<const std::shared_ptr<FieldBuilder>> IngestTables::fields_in_row() const {
  return std::span(row_fields).first(columns_of_row);
}

FieldBuilders IngestTables::fields() const {
  FieldBuilders all;
  for (const auto* owned : {&entities.fields(), &row_fields, &tasks.fields()})
    all.insert(all.end(), owned->begin(), owned->end());
  return all;
}

std::string day_key(double time) { return fmt::format("{}", day_of(time)); }

const std::string& task_column(const IngestOptions& options) {
  switch (options.task) {
    case TaskSide::kClass:
      return options.class_column;
    case TaskSide::kScenario:
      return options.scenario;
    case TaskSide::kItem:
      return options.item;
    default:
      return options.user;
  }
}

const std::string& entity_column(const IngestOptions& options) {
  return options.task == TaskSide::kItem ? options.user : options.item;
}

const char* entity_noun(const IngestOptions& options) { return options.task == TaskSide::kItem ? "user" : "item"; }

}  // namespace warmstart
