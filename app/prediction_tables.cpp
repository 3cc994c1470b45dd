#include "app/prediction_tables.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>
#include <set>

#include "base/errors.h"
#include "base/split_text.h"
#include "base/text.h"
#include "data/cleaning.h"
#include "data/text_table.h"

namespace warmstart {
namespace {

namespace fs = std::filesystem;

constexpr const char* kTime = "time";
constexpr const char* kLabel = "label";

// A table and where its columns stand.
class Table {
 public:
  explicit Table(const fs::path& path) : path_(path), text_(path.string(), separator_in_header(path.string())) {
    for (std::size_t i = 0; i < text_.header().size(); ++i) {
      if (!columns_.emplace(text_.header()[i], i).second)
        throw DataError(fmt::format("{}:1: has the column '{}' twice", path.string(), printable(text_.header()[i])));
    }
  }

  bool next() {
    while (text_.next()) {
      if (text_.blank()) continue;
      if (text_.fields().size() != text_.header().size())
        throw DataError(
            fmt::format("{}: has {} fields instead of {}", where(), text_.fields().size(), text_.header().size()));
      return true;
    }
    return false;
  }

  std::optional<std::size_t> column(const std::string& name) {
    const auto found = columns_.find(name);
    if (found == columns_.end()) return std::nullopt;
    used_.insert(name);
    return found->second;
  }
  std::size_t required(const std::vector<std::string>& names) {
    for (const auto& name : names)
      if (const auto found = column(name)) return *found;
    throw DataError(fmt::format("{}:1: has no column '{}'; it has: {}", path_.string(), fmt::join(names, "' or '"),
                                fmt::join(text_.header(), ", ")));
  }
  std::vector<std::string> unused() const {
    std::vector<std::string> names;
    for (const auto& name : text_.header())
      if (!used_.contains(name)) names.push_back(name);
    return names;
  }

  std::string_view cell(std::size_t column) const { return text_.fields()[column]; }
  std::string where() const { return fmt::format("{}:{}", path_.string(), text_.line()); }

 private:
  fs::path path_;
  TextTable text_;
  std::map<std::string, std::size_t> columns_;
  std::set<std::string> used_;
};

// Fields of one owner that a table has columns for.
class FieldColumns {
 public:
  FieldColumns(Table& table, const Catalogue& catalogue, FieldOwner owner) : catalogue_(catalogue) {
    const auto& fields = catalogue.schema().fields;
    for (std::size_t f = 0; f < fields.size(); ++f) {
      if (fields[f].owner != owner) continue;
      // The entity's key is looked up by itself.
      const bool is_key = owner == FieldOwner::kEntity && places_.empty();
      places_.push_back({f, is_key ? std::nullopt : table.column(fields[f].name)});
    }
  }

  // Sets the cells of `row` that the table's present row says.
  void read(const Table& table, RequestRow& row) const {
    row.resize(places_.size());
    for (std::size_t i = 0; i < places_.size(); ++i) {
      const auto& [field, column] = places_[i];
      if (!column || table.cell(*column).empty()) continue;
      row[i] = cell_of(field, table.cell(*column));
    }
  }

 private:
  struct Place {
    std::size_t field;
    std::optional<std::size_t> column;
  };

  RequestCell cell_of(std::size_t number, std::string_view text) const {
    const auto& field = catalogue_.schema().fields[number];
    RequestCell cell;
    if (field.kind == FieldKind::kDense) {
      cell.value = static_cast<float>(number_in(field.name, text));
    } else if (field.kind == FieldKind::kCategorical) {
      cell.ids = {catalogue_.id(number, std::string(text))};
    } else {
      split_text(text, field.separator, [&](std::string_view key) {
        if (!key.empty()) cell.ids.push_back(catalogue_.id(number, std::string(key)));
      });
    }
    return cell;
  }

  const Catalogue& catalogue_;
  std::vector<Place> places_;
};

// The entity that a row of a table is about, with all of its fields.
class EntityReader {
 public:
  EntityReader(Table& table, const Catalogue& catalogue)
      : catalogue_(catalogue),
        key_(table.required({catalogue.schema().fields_of(FieldOwner::kEntity)[0]->name, catalogue.schema().entity})),
        entity_(table, catalogue, FieldOwner::kEntity),
        row_(table, catalogue, FieldOwner::kRow) {}

  std::string key(const Table& table) const { return std::string(table.cell(key_)); }

  RequestRow read(const Table& table, TableNotes& notes) const {
    const auto found = catalogue_.find(key(table));
    auto cells = found ? catalogue_.fields(*found) : RequestRow();
    if (cells.empty() || cells[0].ids.empty() || cells[0].ids[0] == 0) ++notes.unknown_keys;
    entity_.read(table, cells);
    RequestRow own;
    row_.read(table, own);
    cells.insert(cells.end(), own.begin(), own.end());
    return cells;
  }

 private:
  const Catalogue& catalogue_;
  std::size_t key_;
  FieldColumns entity_, row_;
};

// Nothing where rows need none, since each is a positive.
std::optional<std::size_t> label_column_of(Table& table, const Schema& schema) {
  if (schema.label.empty()) return table.column(kLabel);
  return table.required({schema.label, kLabel});
}

float label_in(const Table& table, std::optional<std::size_t> column, const Schema& schema) {
  if (!column) return 1.0f;
  const auto label = number_in(schema.label.empty() ? kLabel : schema.label, table.cell(*column));
  if (label < schema.label_min || label > schema.label_max)
    throw BadRow(
        "", fmt::format("label {} is outside [{}, {}], the model's range", label, schema.label_min, schema.label_max));
  return static_cast<float>(label);
}

// A support row until its task is whole.
struct DatedRow {
  double time;
  std::string entity;
  float label;
  RequestRow row;
};

// The latest of each entity, oldest first, `most` of them.
void add_rows(AskedTask& task, std::vector<DatedRow> rows, std::int64_t most, TableNotes& notes) {
  const auto given = rows.size();
  std::stable_sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) { return a.time < b.time; });
  std::set<std::string> later;
  std::vector<DatedRow> kept;
  for (auto row = rows.rbegin(); row != rows.rend() && static_cast<std::int64_t>(kept.size()) < most; ++row)
    if (later.insert(row->entity).second) kept.push_back(std::move(*row));
  notes.rows_left_out += static_cast<std::int64_t>(given - kept.size());
  for (auto row = kept.rbegin(); row != kept.rend(); ++row) {
    task.support.push_back(std::move(row->entity));
    task.request.labels.push_back(row->label);
    task.request.support.push_back(std::move(row->row));
  }
}

// Runs `read`, naming the place of what cannot be read.
template <typename Read>
void at_row(const Table& table, const Read& read) {
  try {
    read();
  } catch (const BadRow& error) {
    throw DataError(fmt::format("{}: {}", table.where(), error.what()));
  }
}

void note_unused(const Table& table, TableNotes& notes) {
  for (auto& name : table.unused()) notes.unused.push_back(std::move(name));
}

}  // namespace

std::vector<AskedTask> read_support(const fs::path& path, const Catalogue& catalogue, std::int64_t most_support,
                                    TableNotes& notes) {
  const auto& schema = catalogue.schema();
  Table table(path);
  const auto task_column = table.column(schema.task);
  const auto time_column = table.column(kTime);
  const auto label_column = label_column_of(table, schema);
  const EntityReader entities(table, catalogue);
  const FieldColumns task_fields(table, catalogue, FieldOwner::kTask);
  std::vector<AskedTask> tasks;
  std::vector<std::vector<DatedRow>> rows;
  std::map<std::string, std::size_t> places;
  while (table.next()) {
    at_row(table, [&] {
      const auto key = task_column ? std::string(table.cell(*task_column)) : std::string();
      const auto [place, is_new] = places.try_emplace(key, tasks.size());
      if (is_new) {
        tasks.push_back({key, {}, {}, {}});
        rows.emplace_back();
      }
      task_fields.read(table, tasks[place->second].request.fields);
      // A task without rows of its own is told by an empty key.
      if (entities.key(table).empty()) return;
      auto& of_task = rows[place->second];
      const auto time = time_column ? time_in(kTime, table.cell(*time_column)) : static_cast<double>(of_task.size());
      of_task.push_back(
          {time, entities.key(table), label_in(table, label_column, schema), entities.read(table, notes)});
    });
  }
  if (tasks.empty()) {
    tasks.push_back({});  // one of whom nothing is known
    tasks[0].request.fields.resize(schema.fields_of(FieldOwner::kTask).size());
    rows.emplace_back();
  }
  for (std::size_t i = 0; i < tasks.size(); ++i) add_rows(tasks[i], std::move(rows[i]), most_support, notes);
  note_unused(table, notes);
  return tasks;
}

CandidateTable::CandidateTable(const fs::path& path, const Catalogue& catalogue, TableNotes& notes) {
  Table table(path);
  const auto task_column = table.column(catalogue.schema().task);
  of_tasks_ = task_column.has_value();
  const EntityReader entities(table, catalogue);
  while (table.next()) {
    at_row(table, [&] {
      const auto key = task_column ? std::string(table.cell(*task_column)) : std::string();
      candidates_[key].push_back({entities.key(table), entities.read(table, notes)});
    });
  }
  note_unused(table, notes);
}

bool CandidateTable::give(AskedTask& task) const {
  const auto found = candidates_.find(of_tasks_ ? task.key : "");
  if (found == candidates_.end()) return false;
  for (const auto& [entity, row] : found->second) {
    task.candidates.push_back(entity);
    task.request.candidates.push_back(row);
  }
  return true;
}

void read_candidates(const fs::path& path, const Catalogue& catalogue, std::vector<AskedTask>& tasks,
                     TableNotes& notes) {
  const CandidateTable table(path, catalogue, notes);
  bool any = false;
  for (auto& task : tasks) any |= table.give(task);
  if (!any) throw DataError(fmt::format("{}: holds no candidate for any task of the support", path.string()));
}

std::map<std::string, std::string> read_titles(const fs::path& path, const std::string& title,
                                               const Catalogue& catalogue) {
  require(!title.empty(), "predict.title-column is not set: name the column of the titles");
  const auto& schema = catalogue.schema();
  Table table(path);
  const auto key = table.required({schema.fields_of(FieldOwner::kEntity)[0]->name, schema.entity});
  const auto column = table.required({title});
  std::map<std::string, std::string> titles;
  while (table.next()) titles[std::string(table.cell(key))] = std::string(table.cell(column));
  return titles;
}

}  // namespace warmstart
