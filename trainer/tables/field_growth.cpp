#include "trainer/tables/field_growth.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "base/errors.h"
#include "trainer/tables/named_ids.h"

namespace warmstart {
namespace {

constexpr const char* kForm = "FIELD: most-rows N, admit N, evict least-recent; FIELD: ...";

std::string trimmed(std::string text) {
  text.erase(0, text.find_first_not_of(' '));
  text.erase(text.find_last_not_of(' ') + 1);
  return text;
}

// The parts of a text that a character separates, without those that are empty.
std::vector<std::string> parts_of(const std::string& text, char separator) {
  std::vector<std::string> parts;
  for (std::size_t first = 0; first <= text.size();) {
    const auto end = std::min(text.find(separator, first), text.size());
    if (auto part = trimmed(text.substr(first, end - first)); !part.empty()) parts.push_back(std::move(part));
    first = end + 1;
  }
  return parts;
}

[[noreturn]] void refuse_field(const std::string& field, const std::string& why) {
  throw std::invalid_argument(fmt::format("field '{}' {}", field, why));
}

// One of a field's settings, which is not to be there twice.
template <typename T>
void read_once(const std::string& field, const std::string& name, const std::string& text, const Range& range,
               std::optional<T>& value) {
  if (value) refuse_field(field, fmt::format("has {} twice", name));
  try {
    read(text, range, value.emplace());
  } catch (const std::invalid_argument& error) {
    refuse_field(field, fmt::format("has {} '{}', which {}", name, text, error.what()));
  }
}

FieldGrowth field_in(const std::string& text) {
  const auto colon = text.rfind(':');  // names may have one, settings have none
  FieldGrowth field = {.field = trimmed(text.substr(0, colon))};
  if (colon == std::string::npos || field.field.empty()) throw std::invalid_argument(fmt::format("wants {}", kForm));
  std::optional<std::int64_t> most_rows;
  for (const auto& setting : parts_of(text.substr(colon + 1), ',')) {
    const auto space = std::min(setting.find(' '), setting.size());
    const auto name = setting.substr(0, space), value = trimmed(setting.substr(space));
    if (name == "most-rows")
      read_once(field.field, name, value, {.least = 1, .most = kMostGrownRows, .unit = "rows"}, most_rows);
    else if (name == "admit")
      read_once(field.field, name, value, {.least = 1, .most = kMostSightings, .unit = "sightings"}, field.admit);
    else if (name == "evict")
      read_once(field.field, name, value, {}, field.evict);
    else
      refuse_field(field.field, fmt::format("has '{}', which is none of: most-rows N, admit N, evict WORD", setting));
  }
  if (!most_rows)
    refuse_field(
        field.field,
        fmt::format("has no most-rows: a field that is named has rows of its own, so say how many at most, as in "
                    "'{}: most-rows 1000000', or leave it out",
                    field.field));
  field.most_rows = *most_rows;
  return field;
}

std::string to_text(const FieldGrowth& field) {
  auto text = fmt::format("{}: most-rows {}", field.field, field.most_rows);
  if (field.admit) text += fmt::format(", admit {}", *field.admit);
  if (field.evict) text += fmt::format(", evict {}", to_text(*field.evict));
  return text;
}

const FieldGrowth* find(const FieldGrowths& fields, const std::string& name) {
  const auto found =
      std::find_if(fields.list.begin(), fields.list.end(), [&](const auto& each) { return each.field == name; });
  return found == fields.list.end() ? nullptr : &*found;
}

}  // namespace

std::string to_text(const FieldGrowths& fields) {
  std::vector<std::string> parts;
  for (const auto& field : fields.list) parts.push_back(to_text(field));
  return fmt::format("{}", fmt::join(parts, "; "));
}

void read(const std::string& text, const Range& range, FieldGrowths& fields) {
  FieldGrowths found;
  for (const auto& part : parts_of(text, ';')) {
    auto field = field_in(part);
    if (find(found, field.field) != nullptr)
      throw std::invalid_argument(fmt::format("names field '{}' twice", field.field));
    found.list.push_back(std::move(field));
  }
  check_length(found.list.size(), range);
  fields = std::move(found);
}

void require_fields(const FieldGrowths& fields, const Schema& schema) {
  std::vector<std::string> with_keys;
  for (const auto& field : schema.fields)
    if (field.kind != FieldKind::kDense) with_keys.push_back(field.name);
  for (const auto& each : fields.list) {
    const auto found = std::find_if(schema.fields.begin(), schema.fields.end(),
                                    [&](const auto& field) { return field.name == each.field; });
    const bool has_keys = found != schema.fields.end() && found->kind != FieldKind::kDense;
    require(has_keys, fmt::format("tables.fields: {} '{}'; fields with keys are: {}",
                                  found == schema.fields.end() ? "the data set has no field"
                                                               : "dense fields have no keys, and so no rows:",
                                  each.field, fmt::join(with_keys, ", ")));
  }
}

std::vector<RowPool> pools_of(const Growth& growth, const FieldGrowths& fields, const Schema& schema, IdsOf ids) {
  std::vector<RowPool> pools = {{"", growth}};
  const auto of_ids = fields_of(schema, ids);
  for (const auto* field : of_ids) {
    if (const auto* own = find(fields, field->name))
      pools.push_back(
          {own->field, {own->most_rows, own->admit.value_or(growth.admit), own->evict.value_or(growth.evict)}});
  }
  if (pools.size() > of_ids.size()) pools.front().growth.most_rows = 0;
  return pools;
}

}  // namespace warmstart
