// A data set's schema as somebody else's manifest describes it: what is accepted reads back the same, and can be used.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "base/errors.h"
#include "data/schema.h"
#include "json_mutator.h"

namespace {

bool can_be_used(const warmstart::Schema& schema) {
  const auto holds = [](const warmstart::Field& field) {
    return field.kind != warmstart::FieldKind::kDense || field.deviation > 0.0;
  };
  const auto of_entity = schema.fields_of(warmstart::FieldOwner::kEntity);
  return schema.label_min <= schema.label_max && std::all_of(schema.fields.begin(), schema.fields.end(), holds) &&
         !of_entity.empty() && of_entity[0]->kind == warmstart::FieldKind::kCategorical;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto json = nlohmann::json::parse(data, data + size, nullptr, false);
  if (json.is_discarded()) return 0;
  try {
    // What a kind of field does not use is dropped when it is written, so the second reading is the first to keep all.
    const auto schema = warmstart::schema_from_json(warmstart::to_json(warmstart::schema_from_json(json)));
    if (!(warmstart::schema_from_json(warmstart::to_json(schema)) == schema) || !can_be_used(schema)) std::abort();
    note_accepted(data, size);
  } catch (const warmstart::Error&) {
  }
  return 0;
}
