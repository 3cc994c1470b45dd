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

std::shared_ptr<FieldBuilder> make_user_key(const IngestOptions& options, std::pmr::memory_resource* memory) {
  if (options.task != TaskSide::kScenario) return nullptr;
  TableOptions key;
  key.categorical = {options.user};
  return field_builders(key, FieldOwner::kRow, options, memory).front();
}

}  // namespace

IngestTables::IngestTables(const IngestOptions& options, std::pmr::memory_resource* memory)
    : tasks(task_table(options), FieldOwner::kTask, options, memory),
      entities(options.task == TaskSide::kItem ? options.users : options.items, FieldOwner::kEntity, options, memory),
      users(options.task == TaskSide::kScenario ? options.users : no_table(), FieldOwner::kRow, options, memory),
      calendar(options.calendar, FieldOwner::kRow, options, memory,
               [column = options.calendar.key](auto text) { return day_key(time_in(column, text)); }),
      row_fields(field_builders(options.interactions, FieldOwner::kRow, options, memory)),
      columns_of_row(row_fields.size()),
      key(memory),
      user_key(make_user_key(options, memory)) {
  for (const auto& more : {derived_fields(options.derived), calendar.fields()})
    row_fields.insert(row_fields.end(), more.begin(), more.end());
  key.field.name = entity_column(options);
  check_name(key.field.name);
  // An example that was trained on says nothing of new classes by its key.
  key.min_count = options.task == TaskSide::kClass ? std::numeric_limits<std::int64_t>::max() : options.min_count;
}

void IngestTables::read(Rejections& rejections) {
  tasks.read(rejections);
  entities.read(rejections);
  users.read(rejections);
  calendar.read(rejections);
}

std::span<const std::shared_ptr<FieldBuilder>> IngestTables::fields_in_row() const {
  return std::span(row_fields).first(columns_of_row);
}

FieldBuilders IngestTables::fields() const {
  auto all = entities.fields();
  if (has_users()) all.push_back(user_key);
  const auto of_calendar = row_fields.end() - std::ssize(calendar.fields());
  all.insert(all.end(), row_fields.begin(), of_calendar);
  all.insert(all.end(), users.fields().begin(), users.fields().end());
  all.insert(all.end(), of_calendar, row_fields.end());
  all.insert(all.end(), tasks.fields().begin(), tasks.fields().end());
  return all;
}

FieldBuilders IngestTables::user_fields() const {
  FieldBuilders fields;
  if (has_users()) fields.push_back(user_key);
  fields.insert(fields.end(), users.fields().begin(), users.fields().end());
  return fields;
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
