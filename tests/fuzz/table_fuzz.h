#pragma once

#include <algorithm>
#include <cstdlib>
#include <string>

#include "base/errors.h"
#include "data/row_cells.h"
#include "data/side_table.h"
#include "data/table_reader.h"

// Reads the columns a, b and c of a table as keys, several keys and numbers, leaving bad rows out.  What is wrong is
// said without control characters, and rows come in the order of their lines.
inline void read_hostile_table(const std::string& path, const std::string& separator) {
  warmstart::TableOptions table;
  table.files = {path};
  table.separator = separator;
  table.categorical = {"a"};
  table.multi = {"b"};
  table.dense = {"c"};
  const auto printed = [](const std::string& text) {
    if (std::any_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; }))
      std::abort();
  };
  warmstart::Rejections rejections(warmstart::OnError::kSkip);
  try {
    const auto fields = warmstart::field_builders(table, warmstart::FieldOwner::kRow, warmstart::IngestOptions());
    std::int64_t line = 0;
    std::vector<warmstart::Cell> cells(fields.size());
    warmstart::read_table(table, {"a", "b", "c"}, rejections, [&](const warmstart::TableRow& row) {
      if (row.place.line <= line) std::abort();
      line = row.place.line;
      warmstart::parse_cells(fields, row, 0, cells);
      for (std::size_t i = 0; i < fields.size(); ++i) {
        warmstart::CellColumn column(fields[i]->field.kind);
        column.add(cells[i]);
        fields[i]->count(column, 0, 1, fields[i]->moments);
      }
    });
    for (const auto& field : fields) field->finish();
  } catch (const warmstart::Error& error) {
    printed(error.what());
  }
  printed(rejections.summary());
}
