#include "trainer/learner/extended_vocabulary.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cstdint>

namespace warmstart {
namespace {

using FieldList = std::vector<const Field*>;

// The fields whose ids stand one after the other in a table.
FieldList categorical(const Schema& schema, std::initializer_list<FieldOwner> owners) {
  FieldList fields;
  for (const auto owner : owners) {
    for (const auto* field : schema.fields_of(owner)) {
      if (field->kind != FieldKind::kDense) fields.push_back(field);
    }
  }
  return fields;
}

std::int64_t rows_of(const FieldList& fields) {
  std::int64_t rows = 0;
  for (const auto* field : fields) rows += field->vocabulary_size + 1;
  return rows;
}

// By a row of the table for `fields`: the row of the one for `earlier`, whose vocabularies they extend.
at::Tensor earlier_rows(const FieldList& fields, const FieldList& earlier) {
  std::vector<std::int64_t> rows;
  std::int64_t first = 0;
  for (std::size_t f = 0; f < fields.size(); ++f) {
    for (std::int64_t id = 0; id <= fields[f]->vocabulary_size; ++id)
      rows.push_back(first + (id <= earlier[f]->vocabulary_size ? id : 0));
    first += earlier[f]->vocabulary_size + 1;
  }
  return at::tensor(rows, at::kLong);
}

// What the rows of a table are of: the ids of all of a task's fields, of the entity's key alone, or of all fields of
// entities and rows.
struct TableFields {
  FieldList now, earlier;
};
TableFields fields_of(const std::string& table, std::int64_t rows, const Schema& schema, const Schema& made_for) {
  if (table.ends_with(".embedding"))
    return {categorical(schema, {FieldOwner::kTask}), categorical(made_for, {FieldOwner::kTask})};
  const auto of_rows = categorical(made_for, {FieldOwner::kEntity, FieldOwner::kRow});
  if (rows == rows_of(of_rows)) return {categorical(schema, {FieldOwner::kEntity, FieldOwner::kRow}), of_rows};
  return {{schema.fields_of(FieldOwner::kEntity).front()}, {of_rows.front()}};
}

}  // namespace

NamedTensors with_vocabularies_of(const Schema& schema, const Schema& made_for, const NamedTensors& parameters,
                                  const std::vector<std::string>& tables) {
  NamedTensors result;
  for (const auto& [name, value] : parameters) {
    if (std::find(tables.begin(), tables.end(), name) == tables.end()) {
      result.emplace_back(name, value);
      continue;
    }
    const auto [now, earlier] = fields_of(name, value.size(0), schema, made_for);
    result.emplace_back(name, value.index_select(0, earlier_rows(now, earlier)));
  }
  return result;
}

}  // namespace warmstart
