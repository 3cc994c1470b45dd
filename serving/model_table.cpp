#include "serving/model_table.h"

#include <fmt/format.h>

#include <stdexcept>

#include "data/batch.h"

namespace warmstart {
namespace {

// Behind those that are there: a field's unknown key, and its others by their ids.
void add_field(std::vector<TableRow>& rows, const Catalogue& catalogue, const Field& field) {
  if (field.kind == FieldKind::kDense) return;
  rows.push_back({field.name, std::nullopt});
  for (const auto& key : catalogue.vocabulary(field)) rows.push_back({field.name, key});
}

// The tables of the tasks' own fields are the prior's; others have a row for each key of the entity, or for each id of
// all fields of rows.
std::vector<TableRow> rows_of(const std::string& table, std::int64_t count, const Catalogue& catalogue) {
  const auto& schema = catalogue.schema();
  std::vector<TableRow> rows;
  if (table.starts_with("prior.")) {
    for (const auto* field : schema.fields_of(FieldOwner::kTask)) add_field(rows, catalogue, *field);
  } else if (count == feature_layout(schema).keys) {
    add_field(rows, catalogue, *schema.fields_of(FieldOwner::kEntity)[0]);
  } else {
    for (const auto owner : {FieldOwner::kEntity, FieldOwner::kRow})
      for (const auto* field : schema.fields_of(owner)) add_field(rows, catalogue, *field);
  }
  if (static_cast<std::int64_t>(rows.size()) != count)
    throw std::logic_error(fmt::format("export: the table '{}' has rows of no known keys", table));
  return rows;
}

}  // namespace

std::vector<ModelTable> tables_of(const Learner& model, const Catalogue& catalogue) {
  std::vector<ModelTable> tables;
  for (const auto& name : model.all_tables()) {
    const auto values = model.whole_table(name).contiguous();
    tables.push_back({name, values, rows_of(name, values.size(0), catalogue)});
  }
  return tables;
}

}  // namespace warmstart
