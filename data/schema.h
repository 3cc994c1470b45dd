// What the rows and tasks of a data set consist of.

#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace warmstart {

enum class FieldKind { kCategorical, kMulti, kDense };

// Whom a field describes: one interaction, the entity it is about (the item,
// where tasks are users), or the task.  What is known of the user of an
// interaction, where a task has rows of many, describes the interaction.
enum class FieldOwner { kRow, kEntity, kTask };

struct EarlierVocabulary {
  std::int64_t size = 0;
  std::string digest{};
  bool operator==(const EarlierVocabulary&) const = default;
};

struct Field {
  std::string name;  // the column's
  FieldKind kind = FieldKind::kCategorical;
  FieldOwner owner = FieldOwner::kEntity;
  std::string separator{};           // multi: between values
  std::int64_t vocabulary_size = 0;  // ids 1..size are known keys, 0 is any other
  std::string vocabulary_digest{};
  // Of earlier versions of the data set, the first one first: its keys have the ids up to its size still.
  std::vector<EarlierVocabulary> earlier{};
  double mean = 0.0, deviation = 1.0;  // dense: of the training tasks; stored values are standardised
  bool of_user = false;                // of a row: all rows of one user have the same

  bool operator==(const Field&) const = default;
};

struct Schema {
  std::string task = "user", entity = "item";
  std::string label;                        // empty where every row is a positive, of label 1
  double label_min = 0.0, label_max = 0.0;  // the configured range, or the training tasks' own
  // The first entity field is the entity's key.
  std::vector<Field> fields;

  std::vector<const Field*> fields_of(FieldOwner owner) const;
  bool operator==(const Schema&) const = default;
};

const char* name_of(FieldKind kind);
const char* name_of(FieldOwner owner);

nlohmann::json to_json(const Schema& schema);

// Throws DataError when a key is missing, of another type or out of its range, a field is there twice, or the entity
// has no key.
Schema schema_from_json(const nlohmann::json& json);

// Empty when `other` can be used with a model made for `schema`; else says what differs.
std::string difference(const Schema& schema, const Schema& other);

}  // namespace warmstart
