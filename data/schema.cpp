#include "data/schema.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "base/errors.h"
#include "base/json.h"

namespace warmstart {
namespace {

constexpr std::array kKindNames = {"categorical", "multi", "dense"};
constexpr std::int64_t kMostKeys = (std::int64_t{1} << 32) - 1;  // ids are uint32
constexpr std::array kOwnerNames = {"row", "entity", "task"};

template <typename Enum, std::size_t N>
Enum by_name(const std::array<const char*, N>& names, const std::string& name) {
  for (std::size_t i = 0; i < N; ++i) {
    if (name == names[i]) return static_cast<Enum>(i);
  }
  throw DataError(fmt::format("schema: '{}' is no kind or owner of a field", name));
}

Field field_from_json(const nlohmann::json& json) {
  Field field;
  field.name = text_at(json, "name");
  field.kind = by_name<FieldKind>(kKindNames, text_at(json, "kind"));
  field.owner = by_name<FieldOwner>(kOwnerNames, text_at(json, "owner"));
  if (json.contains("of_user")) field.of_user = flag_at(json, "of_user");
  if (field.kind == FieldKind::kDense) {
    field.mean = number_at(json, "mean");
    field.deviation = number_at(json, "deviation");
    if (!(field.deviation > 0.0)) throw DataError(fmt::format("field '{}': its deviation is not above 0", field.name));
    return field;
  }
  field.vocabulary_size = integer_at(json, "vocabulary_size", 0, kMostKeys);
  field.vocabulary_digest = text_at(json, "vocabulary_digest");
  if (field.kind == FieldKind::kMulti) field.separator = text_at(json, "separator");
  if (json.contains("earlier")) {
    for (const auto& entry : list_at(json, "earlier"))
      field.earlier.push_back({integer_at(entry, "size", 0, field.vocabulary_size), text_at(entry, "digest")});
  }
  return field;
}

void check(const Schema& schema) {
  if (!(schema.label_min <= schema.label_max)) throw DataError("schema: 'label_min' is above 'label_max'");
  std::set<std::pair<FieldOwner, std::string>> names;
  for (const auto& field : schema.fields) {
    if (field.name.empty() || !names.emplace(field.owner, field.name).second)
      throw DataError(
          fmt::format("schema: the {} has two fields '{}', or one without a name", name_of(field.owner), field.name));
  }
  const auto of_entity = schema.fields_of(FieldOwner::kEntity);
  if (of_entity.empty() || of_entity.front()->kind != FieldKind::kCategorical)
    throw DataError("schema: the first field of the entity is not its key, a categorical one");
}

// Whether ids that were made for `field` mean the same for `other`, which may have more.
bool extends(const Field& field, const Field& other) {
  const EarlierVocabulary own = {field.vocabulary_size, field.vocabulary_digest};
  const bool same_ids = own == EarlierVocabulary{other.vocabulary_size, other.vocabulary_digest} ||
                        std::find(other.earlier.begin(), other.earlier.end(), own) != other.earlier.end();
  return same_ids && field.separator == other.separator;
}

// What keeps ids or numbers of `other` from a model that was made for `field`, of the same name and kind; or nothing.
std::string difference(const Field& field, const Field& other) {
  if (field.kind == FieldKind::kDense && (field.mean != other.mean || field.deviation != other.deviation))
    return fmt::format("the statistics of field '{}' are others: mean {:.6g}, deviation {:.6g}, not {:.6g} and {:.6g}",
                       field.name, other.mean, other.deviation, field.mean, field.deviation);
  if (extends(field, other)) return "";
  return fmt::format("field '{}' has another vocabulary ({} keys, not {})", field.name, other.vocabulary_size,
                     field.vocabulary_size);
}

bool has_users(const Schema& schema) {
  return std::any_of(schema.fields.begin(), schema.fields.end(), [](const Field& field) { return field.of_user; });
}

// But for whose fields those of rows are, which data sets of earlier releases do not say.
bool are_same(const Field& field, Field other) {
  other.of_user = field.of_user;
  return field == other;
}

}  // namespace

const char* name_of(FieldKind kind) { return kKindNames[static_cast<std::size_t>(kind)]; }
const char* name_of(FieldOwner owner) { return kOwnerNames[static_cast<std::size_t>(owner)]; }

std::vector<const Field*> Schema::fields_of(FieldOwner owner) const {
  std::vector<const Field*> found;
  for (const auto& field : fields) {
    if (field.owner == owner) found.push_back(&field);
  }
  return found;
}

nlohmann::json to_json(const Schema& schema) {
  nlohmann::json fields = nlohmann::json::array();
  for (const auto& field : schema.fields) {
    nlohmann::json entry = {{"name", field.name}, {"kind", name_of(field.kind)}, {"owner", name_of(field.owner)}};
    if (field.kind == FieldKind::kDense) {
      entry["mean"] = field.mean;
      entry["deviation"] = field.deviation;
    } else {
      entry["vocabulary_size"] = field.vocabulary_size;
      entry["vocabulary_digest"] = field.vocabulary_digest;
      for (const auto& [size, digest] : field.earlier) entry["earlier"].push_back({{"size", size}, {"digest", digest}});
    }
    if (field.kind == FieldKind::kMulti) entry["separator"] = field.separator;
    if (field.of_user) entry["of_user"] = true;
    fields.push_back(entry);
  }
  return {{"task", schema.task},           {"entity", schema.entity},       {"label", schema.label},
          {"label_min", schema.label_min}, {"label_max", schema.label_max}, {"fields", fields}};
}

Schema schema_from_json(const nlohmann::json& json) {
  Schema schema;
  schema.task = text_at(json, "task");
  schema.entity = text_at(json, "entity");
  schema.label = text_at(json, "label");
  schema.label_min = number_at(json, "label_min");
  schema.label_max = number_at(json, "label_max");
  for (const auto& entry : list_at(json, "fields")) schema.fields.push_back(field_from_json(entry));
  check(schema);
  return schema;
}

std::string difference(const Schema& schema, const Schema& other) {
  if (schema.task != other.task) return fmt::format("its tasks are '{}', not '{}'", other.task, schema.task);
  if (schema.fields.size() != other.fields.size()) {
    return fmt::format("it has {} fields, not {}", other.fields.size(), schema.fields.size());
  }
  for (std::size_t i = 0; i < schema.fields.size(); ++i) {
    const auto &mine = schema.fields[i], &theirs = other.fields[i];
    if (mine.name != theirs.name || mine.kind != theirs.kind || mine.owner != theirs.owner) {
      return fmt::format("field {} is '{}' ({} of the {}), not '{}' ({} of the {})", i + 1, theirs.name,
                         name_of(theirs.kind), name_of(theirs.owner), mine.name, name_of(mine.kind),
                         name_of(mine.owner));
    }
    // Data sets of earlier releases say of no field that it is a user's.
    if (mine.of_user && !theirs.of_user && has_users(other))
      return fmt::format("field '{}' says something of each row, not of the row's user", theirs.name);
    if (auto differs = difference(mine, theirs); !differs.empty()) return differs;
  }
  if (schema.entity != other.entity || schema.label != other.label) return "its entity or its label has another name";
  // More rows may have led the labels further, and no parameter depends on where they end.
  const bool is_same = std::equal(schema.fields.begin(), schema.fields.end(), other.fields.begin(), are_same);
  const bool same_range = schema.label_min == other.label_min && schema.label_max == other.label_max;
  if (is_same && !same_range) return "its label differs in range";
  return "";
}

}  // namespace warmstart
