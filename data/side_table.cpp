#include "data/side_table.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "base/errors.h"
#include "base/number.h"
#include "base/text.h"
#include "data/row_cells.h"

namespace warmstart {
namespace {

constexpr double kMostCount = 1e15;  // whole numbers up to it are exact

}  // namespace

void check_name(const std::string& column) {
  const bool sound = !column.empty() && column != "." && is_utf8(column) && printable(column, kLongestKey) == column;
  require(sound && column.size() <= 255 && column.find('/') == std::string::npos,
          fmt::format("column '{}': a field's name is UTF-8 text of up to 255 bytes without slashes, control "
                      "characters or being '.'; rename the column",
                      printable(column)));
}

FieldBuilders field_builders(const TableOptions& table, FieldOwner owner, const IngestOptions& options,
                             std::pmr::memory_resource* memory) {
  FieldBuilders builders;
  const auto min_counts = min_counts_of(options);
  require(table.multi.empty() || !table.multi_separator.empty(),
          "multi-separator is empty: name the text between keys");
  const auto add = [&](const std::vector<std::string>& columns, FieldKind kind) {
    for (const auto& column : columns) {
      check_name(column);
      auto builder = std::make_shared<FieldBuilder>(memory);
      builder->field.name = column;
      builder->field.kind = kind;
      builder->field.owner = owner;
      if (kind == FieldKind::kMulti)
        builder->field.separator = table.multi_separator == "space" ? " " : table.multi_separator;
      const auto own_count = min_counts.find(column);
      builder->min_count = own_count == min_counts.end() ? options.min_count : own_count->second;
      builders.push_back(std::move(builder));
    }
  };
  add(table.categorical, FieldKind::kCategorical);
  add(table.multi, FieldKind::kMulti);
  add(table.dense, FieldKind::kDense);
  return builders;
}

std::map<std::string, std::int64_t> min_counts_of(const IngestOptions& options) {
  std::map<std::string, std::int64_t> counts;
  for (const auto& entry : options.min_counts) {
    const auto colon = std::min(entry.rfind(':'), entry.size());
    const auto count = parse_number(std::string_view(entry).substr(std::min(colon + 1, entry.size())));
    const bool sound = count && *count >= 0 && *count <= kMostCount && *count == std::floor(*count);
    require(colon < entry.size() && sound,
            fmt::format("data.min-counts: '{}' is not of the form column:count, as in tags:5", printable(entry)));
    require(counts.emplace(entry.substr(0, colon), static_cast<std::int64_t>(*count)).second,
            fmt::format("data.min-counts: '{}' names a column twice", printable(entry)));
  }
  return counts;
}

SideTable::SideTable(const TableOptions& table, FieldOwner owner, const IngestOptions& options,
                     std::pmr::memory_resource* memory, KeyOf key_of)
    : table_(table), key_of_(std::move(key_of)), fields_(field_builders(table, owner, options, memory)), keys_(memory) {
  for (const auto& field : fields_) columns_.emplace_back(field->field.kind, memory);
}

void SideTable::read(Rejections& rejections) {
  inherited_ = keys_.size();
  if (has_table()) {
    std::vector<std::string> columns = {table_.key};
    for (const auto& field : fields_) columns.push_back(field->field.name);
    std::vector<Cell> cells(fields_.size());
    read_table(table_, columns, rejections, [&](const TableRow& row) {
      if (!row.cells[0]) throw BadRow("missing key", fmt::format("column '{}' is empty", table_.key));
      check_key(table_.key, *row.cells[0]);
      const auto key = key_of_ ? key_of_(*row.cells[0]) : std::string(*row.cells[0]);
      parse_cells(fields_, row, 1, cells);
      add_row(key, cells, rejections);
    });
    if (row_count_ == 0)
      throw DataError(fmt::format("{}: no row is left; {}", fmt::join(table_.files, ", "), rejections.summary()));
  }
  common_keys_ = keys_.size();
}

void SideTable::add_row(std::string_view key, const std::vector<Cell>& cells, Rejections& rejections) {
  const auto number = keys_.add(key);
  if (has_row(number) && number >= inherited_)
    rejections.count("duplicate key in a user or item table (the latest is kept)", 1);
  set_row(number, cells);
}

void SideTable::set_row(std::uint32_t number, const std::vector<Cell>& cells) {
  if (number >= has_row_.size()) has_row_.resize(number + 1, false);
  row_count_ += !has_row_[number];
  has_row_[number] = true;
  for (std::size_t i = 0; i < columns_.size(); ++i) columns_[i].set(number, cells[i]);
}

void SideTable::inherit(std::string_view key, const std::vector<Cell>& cells) {
  const auto number = keys_.add(key);
  if (!has_row(number)) set_row(number, cells);
}

bool SideTable::takes(std::string_view key) const {
  return !has_table() || table_.join == Join::kLeft || keys_.find(key) != KeyNumbers::kAbsent;
}

void SideTable::get(std::uint32_t number, std::span<Cell> cells) const {
  for (std::size_t i = 0; i < columns_.size(); ++i) columns_[i].get(number, cells[i]);
}

void SideTable::count(std::size_t number, std::vector<Moments>& of_part, std::int64_t times) {
  for (std::size_t i = 0; i < fields_.size(); ++i)
    fields_[i]->count(columns_[i], number, number + 1, of_part[i], times);
}

void SideTable::add_numbers(std::span<const std::uint32_t> rows, std::vector<Moments>& of_part) const {
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (fields_[i]->field.kind != FieldKind::kDense) continue;
    for (const auto row : rows) {
      const auto value = columns_[i].value(row);
      if (!std::isnan(value)) of_part[i].add(value);
    }
  }
}

}  // namespace warmstart
