#include "app/table_inspection.h"

#include <ATen/ATen.h>

#include <cmath>

#include "trainer/tables/checkpoint_tables.h"

namespace warmstart {
namespace {

constexpr const char* kBytes = "bytes";
constexpr const char* kTouched = "touched_rows";
constexpr const char* kTouchedLast = "touched_in_last_step";

nlohmann::json facts_of(const TableShards& table, std::int64_t step) {
  nlohmann::json facts = {{"name", table.name}, {"rows", table.rows}, {"width", table.width}};
  if (table.grows()) facts["keys"] = table.ids_of;
  double bytes = 0.0;
  for (const auto& [name, array] : table.arrays) {
    facts["arrays"].push_back(name);
    bytes += static_cast<double>(array.nbytes());
  }
  facts[kBytes] = bytes;
  if (const auto touched = table.arrays.find(kTableSteps); touched != table.arrays.end()) {
    facts[kTouched] = touched->second.gt(0).sum().item<std::int64_t>();
    facts[kTouchedLast] = touched->second.eq(step).sum().item<std::int64_t>();
  }
  return facts;
}

// What is counted, of one more shard of a table.
void add_counts(nlohmann::json& facts, const nlohmann::json& of_shard) {
  facts[kBytes] = facts.at(kBytes).get<double>() + of_shard.at(kBytes).get<double>();
  for (const auto* count : {kTouched, kTouchedLast})
    if (of_shard.contains(count))
      facts[count] = facts.at(count).get<std::int64_t>() + of_shard.at(count).get<std::int64_t>();
}

nlohmann::json facts_of(const GrowthTotals& totals) {
  return {
      {"rows", totals.rows}, {"waiting", totals.waiting}, {"admitted", totals.admitted}, {"evicted", totals.evicted}};
}

// Where fields have rows of their own, also of these.
nlohmann::json facts_of(const GrowthFacts& growth) {
  auto facts = facts_of(static_cast<const GrowthTotals&>(growth));
  facts["ids_of"] = growth.ids_of;
  for (const auto& [field, totals] : growth.of_fields) facts["fields"][field] = facts_of(totals);
  return facts;
}

void add_totals(const GrowthFacts& of_shard, GrowthFacts& all) {
  all.ids_of = of_shard.ids_of;
  all += of_shard;
  for (const auto& [field, totals] : of_shard.of_fields) all.of_fields[field] += totals;
}

}  // namespace

void TableInspection::add(const Checkpoint& shard) {
  const bool begins = shard.shards.first == 0;
  if (begins) *this = {};
  std::size_t number = 0;
  for (const auto& table : shard.tables) {
    if (table.width == 0) continue;
    auto facts = facts_of(table, shard.step);
    if (begins)
      tables_.push_back(std::move(facts));
    else
      add_counts(tables_.at(number++), facts);
  }
  const auto growth = growth_in(shard);
  growth_.resize(growth.size());
  for (std::size_t list = 0; list < growth.size(); ++list) add_totals(growth[list], growth_[list]);
  add_rows(shard);
}

void TableInspection::add_rows(const Checkpoint& shard) {
  const bool best = shard.has_best();
  const auto names = names_of_tables(described(shard.tables));
  rows_.resize(names.size());
  for (std::size_t table = 0; table < names.size(); ++table) {
    const auto rows = rows_of_shard(shard, names[table], best).values;
    auto& sum = rows_[table];
    // In double precision: the squares of a large table's numbers are nothing beside their sum in single precision.
    const auto norm = rows.norm(2, at::kDouble).item<double>();
    sum = {names[table], sum.count + rows.size(0), rows.size(1), sum.squares + norm * norm};
  }
}

nlohmann::json TableInspection::growth() const {
  auto all = nlohmann::json::array();
  for (const auto& facts : growth_) all.push_back(facts_of(facts));
  return all;
}

// Norms are shown in single precision, as those of the parameters are.
nlohmann::json TableInspection::parameters() const {
  auto all = nlohmann::json::array();
  for (const auto& rows : rows_)
    all.push_back({{"name", rows.name},
                   {"shape", {rows.count, rows.width}},
                   {"norm", static_cast<double>(static_cast<float>(std::sqrt(rows.squares)))}});
  return all;
}

}  // namespace warmstart
