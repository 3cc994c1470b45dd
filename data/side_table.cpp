#include "data/side_table.h"

#include <fmt/format.h>

#include <stdexcept>

#include "base/errors.h"
#include "data/table_reader.h"

namespace warmstart {
namespace {

std::int64_t min_count_of(const std::string& column, const IngestOptions& options) {
  for (const auto& entry : options.min_counts) {
    const auto colon = entry.rfind(':');
    const auto count =
        colon == std::string::npos ? std::nullopt : parse_number(std::string_view(entry).substr(colon + 1));
    if (!count) throw UsageError(fmt::format("min-counts: '{}' is not of the form column:count", entry));
    if (entry.substr(0, colon) == column) return static_cast<std::int64_t>(*count);
  }
  return options.min_count;
}

}  // namespace

FieldBuilders field_builders(const TableOptions& table, FieldOwner owner, const IngestOptions& options) {
  FieldBuilders builders;
  const auto add = [&](const std::vector<std::string>& columns, FieldKind kind) {
    for (const auto& column : columns) {
      if (column.find('/') != std::string::npos) {
        throw UsageError(fmt::format("column '{}': a field's name cannot hold a slash", column));
      }
      auto builder = std::make_unique<FieldBuilder>();
      builder->field.name = column;
      builder->field.kind = kind;
      builder->field.owner = owner;
      if (kind == FieldKind::kMulti)
        builder->field.separator = table.multi_separator == "space" ? " " : table.multi_separator;
      builder->min_count = min_count_of(column, options);
      builders.push_back(std::move(builder));
    }
  };
  add(table.categorical, FieldKind::kCategorical);
  add(table.multi, FieldKind::kMulti);
  add(table.dense, FieldKind::kDense);
  return builders;
}

SideTable::SideTable(const TableOptions& table, FieldOwner owner, const IngestOptions& options)
    : table_(table), fields_(field_builders(table, owner, options)) {
  for (const auto& field : fields_) {
    empty_.push_back(field->field.kind == FieldKind::kDense ? field->parse(std::nullopt) : Cell{});
  }
}

void SideTable::read(Rejections& rejections) {
  if (!has_table()) return;
  std::vector<std::string> columns = {table_.key};
  for (const auto& field : fields_) columns.push_back(field->field.name);
  read_table(table_, columns, rejections, [&](const TableRow& row) {
    if (!row.cells[0]) {
      return rejections.add("missing key", row.place, fmt::format("column '{}' is empty", table_.key));
    }
    std::vector<Cell> cells;
    try {
      for (std::size_t i = 0; i < fields_.size(); ++i) cells.push_back(fields_[i]->parse(row.cells[i + 1]));
    } catch (const std::invalid_argument& error) {
      return rejections.add("wrong type", row.place, error.what());
    }
    add_row(*row.cells[0], std::move(cells), rejections);
  });
}

void SideTable::add_row(std::string_view key, std::vector<Cell> cells, Rejections& rejections) {
  const auto number = keys_.add(key);
  if (number == rows_.size()) {
    rows_.push_back(std::move(cells));
  } else {
    rejections.count("duplicate key in a user or item table (the latest is kept)", 1);
    rows_[number] = std::move(cells);
  }
}

std::uint32_t SideTable::number(std::string_view key) { return has_table() ? keys_.find(key) : keys_.add(key); }

const std::vector<Cell>& SideTable::cells(std::uint32_t number) const {
  return number < rows_.size() ? rows_[number] : empty_;
}

void SideTable::count(std::uint32_t number) {
  const auto& row = cells(number);
  for (std::size_t i = 0; i < fields_.size(); ++i) fields_[i]->count(row[i]);
}

}  // namespace warmstart
