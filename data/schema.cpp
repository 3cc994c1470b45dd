#include "data/schema.h"

#include <fmt/format.h>

#include <array>
#include <stdexcept>

namespace warmstart {
namespace {

constexpr std::array kKindNames = {"categorical", "multi", "dense"};
constexpr std::array kOwnerNames = {"row", "entity", "task"};

template <typename Enum, std::size_t N>
Enum by_name(const std::array<const char*, N>& names, const std::string& name) {
  for (std::size_t i = 0; i < N; ++i) {
    if (name == names[i]) return static_cast<Enum>(i);
  }
  throw std::invalid_argument(fmt::format("schema: '{}' is no kind or owner of a field", name));
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
    }
    if (field.kind == FieldKind::kMulti) entry["separator"] = field.separator;
    fields.push_back(entry);
  }
  return {{"task", schema.task},           {"entity", schema.entity},       {"label", schema.label},
          {"label_min", schema.label_min}, {"label_max", schema.label_max}, {"fields", fields}};
}

Schema schema_from_json(const nlohmann::json& json) {
  Schema schema;
  json.at("task").get_to(schema.task);
  json.at("entity").get_to(schema.entity);
  json.at("label").get_to(schema.label);
  json.at("label_min").get_to(schema.label_min);
  json.at("label_max").get_to(schema.label_max);
  for (const auto& entry : json.at("fields")) {
    Field field;
    entry.at("name").get_to(field.name);
    field.kind = by_name<FieldKind>(kKindNames, entry.at("kind"));
    field.owner = by_name<FieldOwner>(kOwnerNames, entry.at("owner"));
    field.separator = entry.value("separator", "");
    field.vocabulary_size = entry.value("vocabulary_size", std::int64_t{0});
    field.vocabulary_digest = entry.value("vocabulary_digest", "");
    field.mean = entry.value("mean", 0.0);
    field.deviation = entry.value("deviation", 1.0);
    schema.fields.push_back(field);
  }
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
    if (!(mine == theirs)) {
      return fmt::format("field '{}' has another vocabulary or other statistics ({} keys, not {})", mine.name,
                         theirs.vocabulary_size, mine.vocabulary_size);
    }
  }
  if (!(schema == other)) return "its label differs in name or range";
  return "";
}

}  // namespace warmstart
