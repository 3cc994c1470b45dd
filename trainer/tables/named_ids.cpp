#include "trainer/tables/named_ids.h"

#include <fmt/format.h>

#include <algorithm>

namespace warmstart {
namespace {

void add_categorical(const Schema& schema, FieldOwner owner, std::vector<const Field*>& fields) {
  for (const auto* field : schema.fields_of(owner))
    if (field->kind != FieldKind::kDense) fields.push_back(field);
}

}  // namespace

std::vector<const Field*> fields_of(const Schema& schema, IdsOf ids) {
  if (ids == IdsOf::kKeys) return {schema.fields_of(FieldOwner::kEntity).front()};
  std::vector<const Field*> fields;
  if (ids == IdsOf::kTasks) {
    add_categorical(schema, FieldOwner::kTask, fields);
  } else {
    add_categorical(schema, FieldOwner::kEntity, fields);
    add_categorical(schema, FieldOwner::kRow, fields);
  }
  return fields;
}

std::int64_t count_of_ids(const Schema& schema, IdsOf ids) {
  std::int64_t count = 0;
  for (const auto* field : fields_of(schema, ids)) count += field->vocabulary_size + 1;
  return count;
}

RowNames names_of_ids(const Dataset& dataset, IdsOf ids) {
  const auto fields = fields_of(dataset.schema(), ids);
  std::vector<std::int64_t> firsts = {0};
  for (const auto* field : fields) firsts.push_back(firsts.back() + field->vocabulary_size + 1);
  return {firsts.back(), [=, &dataset](std::int64_t id) -> std::string {
            const auto place = std::upper_bound(firsts.begin(), firsts.end(), id) - firsts.begin() - 1;
            const auto& field = *fields[static_cast<std::size_t>(place)];
            const auto key = id - firsts[static_cast<std::size_t>(place)];
            return key == 0 ? "" : fmt::format("{}={}", field.name, dataset.vocabulary_key(field, key));
          }};
}

void name_ids(ShardedTables& tables, const Dataset& dataset) {
  for (auto& list : tables.lists())
    if (list.grows()) list.name(std::make_shared<const RowNames>(names_of_ids(dataset, list.ids_of())));
}

}  // namespace warmstart
