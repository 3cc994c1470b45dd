#include "data/interaction_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "data/derived_fields.h"
#include "data/row_cells.h"

namespace warmstart {
namespace {

constexpr std::int64_t kRowsBetweenReports = 1 << 16;

BadRow unknown(const std::string& what, std::string_view key) {
  return {fmt::format("{0} that the {0} table lacks", what),
          fmt::format("{0} '{1}' is not in the {0} table", what, printable(key))};
}

}  // namespace

void InteractionCounts::add(const InteractionCounts& others) {
  for (const auto& [file, count] : others.rows_of_file) rows_of_file[file] += count;
  rows += others.rows;
  positions += others.positions;
  earliest = std::min(earliest, others.earliest);
  latest = std::max(latest, others.latest);
  without_task += others.without_task;
  without_entity += others.without_entity;
  without_user += others.without_user;
  without_day += others.without_day;
}

InteractionReader::InteractionReader(const IngestOptions& options, IngestTables& tables, Rejections& rejections)
    : options_(options),
      tables_(tables),
      rejections_(rejections),
      cells_{task_column(options), entity_column(options)},
      counts_entity_days_(needs_entity_days(options.derived)) {
  if (!options.label.empty()) cells_.push_back(options.label);
  time_ = cells_.size();
  if (!options.time.empty()) cells_.push_back(options.time);
  if (tables.has_users()) cells_.push_back(options.user);
  interaction_.cells.resize(tables.row_fields.size());
}

InteractionCounts InteractionReader::read(const std::vector<FilePart>& parts, RowSink& sink, const Progress& progress) {
  auto columns = cells_;
  for (const auto& field : tables_.fields_in_row()) columns.push_back(field->field.name);
  std::int64_t bytes = 0;
  for (const auto& part : parts) {
    const auto rows = read_part(options_.interactions, part, columns, rejections_, [&](const TableRow& row) {
      spill_row(row, sink);
      if (counts_.positions % kRowsBetweenReports == 0) progress(counts_.positions, bytes + row.bytes_read);
    });
    sink.end_file(part.file);
    bytes += bytes_of(part);
    counts_.rows_of_file[part.file] += rows;
    counts_.rows += rows;
  }
  progress(counts_.rows, bytes);
  return counts_;
}

void InteractionReader::spill_row(const TableRow& row, RowSink& sink) {
  check_is_whole(row);
  auto& interaction = interaction_;
  interaction.label = label_of(row);
  interaction.order = counts_.positions++;
  interaction.time =
      options_.time.empty() ? static_cast<double>(interaction.order) : time_in(options_.time, *row.cells[time_]);
  const auto task_key = *row.cells[0], entity_key = *row.cells[1];
  check_task(task_key);
  check_entity(entity_key);
  const auto user_key = tables_.has_users() ? *row.cells[cells_.size() - 1] : std::string_view();
  if (tables_.has_users()) check_key(options_.user, user_key);
  // Derived cells are filled in once all rows are read.
  parse_cells(tables_.fields_in_row(), row, cells_.size(), interaction.cells);
  if (tables_.has_users()) check_user(user_key);
  if (tables_.calendar.has_table())
    join_day(interaction.time, std::span(interaction.cells).last(tables_.calendar.fields().size()));
  // From here on the row is a good one: keys that come with it are those of an interaction.
  interaction.entity = tables_.entities.number(entity_key);
  if (tables_.has_users()) interaction.user = number_of_user(user_key);
  counts_.earliest = std::min(counts_.earliest, interaction.time);
  counts_.latest = std::max(counts_.latest, interaction.time);
  counts_.without_entity += tables_.entities.lacks(interaction.entity);
  if (tables_.tasks.has_table()) counts_.without_task += tables_.tasks.lacks(tables_.tasks.number(task_key));
  if (counts_entity_days_) entity_days_.add(interaction.entity, interaction.time);
  sink.add(task_key, interaction, tables_.row_fields);
}

void InteractionReader::check_is_whole(const TableRow& row) const {
  const auto require_cell = [&](std::size_t place, const std::string& column) {
    if (!row.cells[place]) throw BadRow("missing value", fmt::format("column '{}' is empty", column));
  };
  for (std::size_t i = 0; i < cells_.size(); ++i) require_cell(i, cells_[i]);
}

void InteractionReader::check_task(std::string_view key) const {
  check_key(task_column(options_), key);
  if (!tables_.tasks.takes(key)) throw unknown(nlohmann::json(options_.task), key);
}

void InteractionReader::check_entity(std::string_view key) const {
  check_key(entity_column(options_), key);
  if (!tables_.entities.takes(key)) throw unknown(entity_noun(options_), key);
}

void InteractionReader::check_user(std::string_view key) const {
  if (!tables_.users.takes(key)) throw unknown("user", key);
}

std::uint32_t InteractionReader::number_of_user(std::string_view key) {
  const auto number = tables_.users.number(key);
  counts_.without_user += tables_.users.lacks(number);
  return number;
}

void InteractionReader::join_day(double time, std::span<Cell> cells) {
  const auto key = day_key(time);
  if (!tables_.calendar.takes(key))
    throw BadRow("day that the calendar lacks",
                 fmt::format("column '{}': the calendar has no row of {}", options_.time, date_of(day_of(time))));
  const auto number = tables_.calendar.number(key);
  counts_.without_day += tables_.calendar.lacks(number);
  tables_.calendar.get(number, cells);
}

double InteractionReader::label_of(const TableRow& row) const {
  if (options_.task == TaskSide::kClass) return 0.0;
  return options_.label.empty() ? 1.0 : label_in(*row.cells[2]);
}

double InteractionReader::label_in(std::string_view text) const {
  const auto label = number_in(options_.label, text);
  const auto min = options_.label_min.value_or(label), max = options_.label_max.value_or(label);
  if (label < min || label > max) {
    throw BadRow("label out of range",
                 fmt::format("column '{}': {} is outside [{}, {}]", options_.label, printable(text),
                             options_.label_min.value_or(-INFINITY), options_.label_max.value_or(INFINITY)));
  }
  return label;
}

}  // namespace warmstart
