#include "trainer/tables/checkpoint_growth.h"

#include <ATen/ATen.h>

#include <numeric>

#include "trainer/tables/checkpoint_entries.h"

namespace warmstart {
namespace {

// Entries of a list of growing tables.
constexpr const char* kTotals = "totals";
constexpr const char* kFields = "fields";  // those that have a pool, in each shard, by name

// Their arrays.
constexpr const char* kOfRows = "rows";
constexpr const char* kOfWaiting = "waiting";
constexpr const char* kAdmitted = "admitted";
constexpr const char* kEvicted = "evicted";

// The totals of fields, of some shards one after the other.
TableShards entry_of_fields(const TableList& list, const TotalsOfShards& shards) {
  const auto& pools = list.growing().pools();
  const std::vector<std::int64_t> counts(shards.size(), std::ssize(pools) - 1);
  auto entry = growing_entry(list, entry_name(name_of(list.ids_of()), kFields), 0, counts);
  std::vector<GrowthTotals> totals;
  for (const auto& shard : shards)
    for (std::size_t pool = 1; pool < pools.size(); ++pool) {
      entry.names.push_back(pools[pool].field);
      totals.push_back(shard[pool]);
    }
  entry.arrays = {{kOfRows, column_of(totals, &GrowthTotals::rows)},
                  {kOfWaiting, column_of(totals, &GrowthTotals::waiting)},
                  {kAdmitted, column_of(totals, &GrowthTotals::admitted)},
                  {kEvicted, column_of(totals, &GrowthTotals::evicted)}};
  return entry;
}

// What such an entry has, of shards counted from the first.
struct FieldTotals {
  std::size_t shard;
  std::string field;
  GrowthTotals totals;
};
std::vector<FieldTotals> fields_in(const TableShards& entry) {
  const auto column = [&](const char* name) {
    const auto& numbers = numbers_of(entry, name);
    if (numbers.numel() != std::ssize(entry.names)) refuse_index(entry.name);
    return numbers.const_data_ptr<std::int64_t>();
  };
  const auto *rows = column(kOfRows), *waiting = column(kOfWaiting), *admitted = column(kAdmitted),
             *evicted = column(kEvicted);
  std::vector<FieldTotals> fields;
  for (std::size_t shard = 0; shard < entry.counts.size(); ++shard)
    for (std::int64_t i = 0; i < entry.counts[shard]; ++i) {
      const auto row = fields.size();
      if (row == entry.names.size()) refuse_index(entry.name);
      fields.push_back({shard, entry.names[row], {rows[row], waiting[row], admitted[row], evicted[row]}});
    }
  return fields;
}

}  // namespace

void save_totals(const TableList& list, const TotalsOfShards& shards, Checkpoint& checkpoint) {
  std::vector<GrowthTotals> all;
  for (const auto& pools : shards)
    all.push_back(std::accumulate(pools.begin(), pools.end(), GrowthTotals(),
                                  [](auto sum, const auto& pool) { return sum += pool; }));
  auto& totals = checkpoint.tables.emplace_back(
      growing_entry(list, entry_name(name_of(list.ids_of()), kTotals), 0, std::vector<std::int64_t>(shards.size(), 1)));
  totals.arrays = {{kAdmitted, column_of(all, &GrowthTotals::admitted)},
                   {kEvicted, column_of(all, &GrowthTotals::evicted)}};
  if (list.growing().pools().size() > 1) checkpoint.tables.push_back(entry_of_fields(list, shards));
}

TotalsOfShards saved_totals(const TableList& list, const Checkpoint& checkpoint, ShardRange shards) {
  const std::string name = name_of(list.ids_of());
  const auto& entry = entry_of(checkpoint, entry_name(name, kTotals));
  const auto &admitted = numbers_of(entry, kAdmitted), &evicted = numbers_of(entry, kEvicted);
  if (admitted.numel() != shards.count || evicted.numel() != shards.count) refuse_index(entry.name);
  const auto* fields = find_entry(checkpoint, entry_name(name, kFields));
  if (fields != nullptr && std::ssize(fields->counts) != shards.count) refuse_index(fields->name);
  const auto& pools = list.growing().pools();
  TotalsOfShards totals;
  for (std::int64_t shard = 0; shard < shards.count; ++shard) {
    auto& of_pools = totals.emplace_back(pools.size());
    of_pools[0].admitted = admitted[shard].item<std::int64_t>();
    of_pools[0].evicted = evicted[shard].item<std::int64_t>();
  }
  if (fields == nullptr) return totals;
  for (const auto& [shard, field, found] : fields_in(*fields)) {
    auto& of_pools = totals[shard];
    for (std::size_t pool = 1; pool < pools.size(); ++pool) {
      if (pools[pool].field != field) continue;
      of_pools[pool] = found;
      of_pools[0].admitted -= found.admitted;
      of_pools[0].evicted -= found.evicted;
    }
  }
  return totals;
}

std::vector<GrowthFacts> growth_in(const Checkpoint& checkpoint) {
  std::vector<GrowthFacts> found;
  for (const auto ids : {IdsOf::kKeys, IdsOf::kRows, IdsOf::kTasks}) {
    const std::string name = name_of(ids);
    const auto* index = find_entry(checkpoint, entry_name(name, kKeysIndex));
    if (index == nullptr) continue;
    const auto& totals = entry_of(checkpoint, entry_name(name, kTotals));
    auto& facts = found.emplace_back();
    facts.ids_of = name;
    facts.rows = numbers_of(*index, kTableAddress).numel() - std::ssize(index->counts);
    facts.waiting = numbers_of(entry_of(checkpoint, entry_name(name, kKeysWaiting)), kTableAddress).numel();
    facts.admitted = numbers_of(totals, kAdmitted).sum().item<std::int64_t>();
    facts.evicted = numbers_of(totals, kEvicted).sum().item<std::int64_t>();
    const auto* fields = find_entry(checkpoint, entry_name(name, kFields));
    if (fields == nullptr) continue;
    for (const auto& each : fields_in(*fields)) facts.of_fields[each.field] += each.totals;
  }
  return found;
}

}  // namespace warmstart
