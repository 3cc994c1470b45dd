#include "trainer/learner/extended_vocabulary.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cstdint>

#include "trainer/tables/named_ids.h"

namespace warmstart {
namespace {

using FieldList = std::vector<const Field*>;

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
  const auto both = [&](IdsOf ids) { return TableFields{fields_of(schema, ids), fields_of(made_for, ids)}; };
  if (table.ends_with(".embedding")) return both(IdsOf::kTasks);
  return both(rows == count_of_ids(made_for, IdsOf::kRows) ? IdsOf::kRows : IdsOf::kKeys);
}

}  // namespace

at::Tensor earlier_ids(const Schema& schema, const Schema& made_for, IdsOf ids) {
  return earlier_rows(fields_of(schema, ids), fields_of(made_for, ids));
}

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
