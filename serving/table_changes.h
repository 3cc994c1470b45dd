// The changed rows of embedding tables as Parquet, for whoever keeps the tables elsewhere, too:
//
//   table, field   text
//   key            text; null for the row of all unknown keys
//   row            int64: in the table
//   change         text: upsert
//   vector         list<float>

#pragma once

#include <string>

#include "serving/model_table.h"

namespace warmstart {

struct ChangedRow {
  std::size_t table;  // its number
  std::int64_t row;
  std::vector<float> vector;
};

// The file's bytes; `rows` are of `tables`, by table and row.
std::string write_table_changes(const std::vector<ModelTable>& tables, const std::vector<ChangedRow>& rows);

// Throws DataError for what is no such file, or names another table than `tables`.
std::vector<ChangedRow> read_table_changes(const std::string& bytes, const std::vector<std::string>& tables);

}  // namespace warmstart
