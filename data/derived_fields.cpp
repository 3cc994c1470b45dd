#include "data/derived_fields.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>

#include "base/errors.h"
#include "base/text.h"

namespace warmstart {
namespace {

constexpr std::int64_t kPopularityDays = 30;
constexpr double kSecondsOfDay = 86400.0;

// A row among all of its task.
struct Situation {
  const SpilledRow& row;
  std::int64_t earlier_rows;
  double last_time;  // NaN: there is none
};

double count_so_far(const Situation& at, const EntityDays&) { return static_cast<double>(at.earlier_rows); }
double days_since_last(const Situation& at, const EntityDays&) { return (at.row.time - at.last_time) / kSecondsOfDay; }
double popularity(const Situation& at, const EntityDays& days) {
  return static_cast<double>(days.rows_before(at.row.entity, at.row.time, kPopularityDays));
}

struct Derived {
  const char* name;
  double (*value)(const Situation&, const EntityDays&);
};
constexpr std::array kAll = {Derived{"count-so-far", count_so_far}, Derived{"days-since-last", days_since_last},
                             Derived{"popularity-30d", popularity}};

const Derived& derived_of(const std::string& name) {
  const auto found = std::find_if(kAll.begin(), kAll.end(), [&](const auto& derived) { return derived.name == name; });
  if (found != kAll.end()) return *found;
  std::vector<const char*> names;
  names.reserve(kAll.size());
  for (const auto& derived : kAll) names.push_back(derived.name);
  throw UsageError(fmt::format("interactions.derived = {}: is none of {}", printable(name), fmt::join(names, ", ")));
}

void derive(SpilledTask& task, const std::vector<const Derived*>& fields, const EntityDays& entity_days) {
  std::sort(task.rows.begin(), task.rows.end(), [](const auto& a, const auto& b) { return a.time < b.time; });
  double last_time = std::numeric_limits<double>::quiet_NaN();
  std::size_t earlier = 0;
  for (std::size_t i = 0; i < task.rows.size(); ++i) {
    auto& row = task.rows[i];
    // Rows of one time do not know of each other.
    if (i > 0 && task.rows[i - 1].time < row.time) {
      earlier = i;
      last_time = task.rows[i - 1].time;
    }
    const Situation at = {row, static_cast<std::int64_t>(earlier), last_time};
    for (std::size_t f = 0; f < fields.size(); ++f) {
      const auto value = fields[f]->value(at, entity_days);
      std::memcpy(row.derived + f * sizeof value, &value, sizeof value);
    }
  }
}

}  // namespace

FieldBuilders derived_fields(const std::vector<std::string>& names) {
  FieldBuilders fields;
  for (const auto& name : names) {
    auto builder = std::make_shared<FieldBuilder>();
    builder->field.name = derived_of(name).name;
    builder->field.kind = FieldKind::kDense;
    builder->field.owner = FieldOwner::kRow;
    fields.push_back(std::move(builder));
  }
  return fields;
}

bool needs_entity_days(const std::vector<std::string>& names) {
  return std::any_of(names.begin(), names.end(), [](const auto& name) { return derived_of(name).value == popularity; });
}

void derive(SpilledShard& shard, const std::vector<std::string>& names, const EntityDays& entity_days) {
  if (names.empty()) return;
  std::vector<const Derived*> fields;
  fields.reserve(names.size());
  for (const auto& name : names) fields.push_back(&derived_of(name));
  for (auto& task : shard.tasks) derive(task, fields, entity_days);
}

}  // namespace warmstart
