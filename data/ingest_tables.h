#pragma once

#include <memory>
#include <memory_resource>
#include <span>
#include <string>

#include "data/ingest_options.h"
#include "data/ingest_ranks.h"
#include "data/side_table.h"

namespace warmstart {

// What an ingest knows of keys and fields while it goes on.
struct IngestTables {
  // Keys, and the cells of tables, lie in `memory`.  Throws UsageError for columns that cannot be fields.
  IngestTables(const IngestOptions& options, std::pmr::memory_resource* memory);

  // Reads the tables of users, items and scenarios.  Throws DataError.
  void read(Rejections& rejections);

  // Row fields that are columns of the interactions.
  std::span<const std::shared_ptr<FieldBuilder>> fields_in_row() const;

  // All but the key, in the order in which the schema has them: of entities, rows and their users, tasks.
  FieldBuilders fields() const;

  // Whether rows have users of their own, beside their tasks and entities, as those of scenarios have.
  bool has_users() const { return user_key != nullptr; }
  // What is known of them, their key first; to the schema these are fields of rows.
  FieldBuilders user_fields() const;

  SideTable tasks, entities, users;
  SideTable calendar;                      // by day_key()
  FieldBuilders row_fields;                // that stand in each row
  std::size_t columns_of_row;              // of row_fields; derived ones follow, then those of the calendar
  FieldBuilder key;                        // the entities'
  std::shared_ptr<FieldBuilder> user_key;  // null where rows have no users of their own
};

// What the calendar knows the day of a time by.
std::string day_key(double time);

// Columns of the interactions.
const std::string& task_column(const IngestOptions& options);
const std::string& entity_column(const IngestOptions& options);

// What rows are of: "item", or where tasks are items, "user".
const char* entity_noun(const IngestOptions& options);

}  // namespace warmstart
