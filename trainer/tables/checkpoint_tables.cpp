#include "trainer/tables/checkpoint_tables.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "base/errors.h"
#include "checkpoints/zeroed_rows.h"
#include "trainer/tables/checkpoint_entries.h"
#include "trainer/tables/checkpoint_growth.h"
#include "trainer/tables/rows_at.h"

namespace warmstart {
namespace {

// An entry of a list of growing tables, and arrays of such.
constexpr const char* kBestIndex = "best index";
constexpr const char* kSightings = "sightings";
constexpr const char* kLastSeen = "last_seen";

std::string best_name(const std::string& table) { return table + " best"; }

const TableShards& named(const Checkpoint& checkpoint, const ShardedTable& table, bool grows) {
  const auto* found = find_entry(checkpoint, table.name);
  const auto rows = grows ? table.places.per_shard() * kVirtualShards : table.ids;
  if (found == nullptr || found->width != table.width || found->grows() != grows || (!grows && found->rows != rows))
    throw DataError(fmt::format("the checkpoint has no {}table '{}' of {} rows of {}", grows ? "growing " : "",
                                table.name, rows, table.width));
  return *found;
}

// In a delta: whether a row may have changed since its base.  A shard's shared one is never seen, and always may.
bool is_changed(const GrowingRows::Row& row, std::int64_t base) {
  return is_shared(row.address) || row.last_seen > base;
}

// Some rows of a list.
struct RowsOfEntry {
  std::vector<std::int64_t> counts;  // of each shard
  std::vector<std::int64_t> rows;    // their places in the list
};
RowsOfEntry rows_where(const ListedRows& listed, const std::function<bool(const GrowingRows::Row&)>& holds) {
  RowsOfEntry found;
  found.rows.reserve(listed.rows.size());
  std::int64_t row = 0;
  for (const auto count : listed.counts) {
    const auto before = std::ssize(found.rows);
    for (const auto end = row + count; row < end; ++row)
      if (holds(listed.rows[static_cast<std::size_t>(row)])) found.rows.push_back(row);
    found.counts.push_back(std::ssize(found.rows) - before);
  }
  return found;
}

// Those that a checkpoint has: all, or in a delta those that have changed since its base.
RowsOfEntry written_rows(const ListedRows& listed, const std::optional<std::int64_t>& base) {
  return rows_where(listed, [&](const auto& row) { return !base || is_changed(row, *base); });
}

std::vector<GrowingRows::Row> at_places(const ListedRows& listed, const RowsOfEntry& rows) {
  std::vector<GrowingRows::Row> found;
  found.reserve(rows.rows.size());
  for (const auto row : rows.rows) found.push_back(listed.rows[static_cast<std::size_t>(row)]);
  return found;
}

void add_index(const TableList& list, const char* entry, const ListedRows& listed, Checkpoint& checkpoint) {
  using Row = GrowingRows::Row;
  const std::string ids_of = name_of(list.ids_of()), name = entry_name(ids_of, entry);
  const auto written = written_rows(listed, checkpoint.base);
  const auto rows = at_places(listed, written);
  auto& index = checkpoint.tables.emplace_back(growing_entry(list, name, 0, written.counts));
  index.arrays = {{kTableAddress, column_of(rows, &Row::address)},
                  {kSightings, column_of(rows, &Row::sightings)},
                  {kLastSeen, column_of(rows, &Row::last_seen)}};
  for (const auto& row : rows) index.names.push_back(row.name);
  index.index = name;
  if (!checkpoint.base) return;
  index.base = entry_name(ids_of, kKeysIndex);
  const auto kept = rows_where(listed, [&](const auto& row) { return !is_changed(row, *checkpoint.base); });
  auto& addresses = checkpoint.tables.emplace_back(growing_entry(list, kept_rows(name), 0, kept.counts));
  addresses.arrays = {{kTableAddress, column_of(at_places(listed, kept), &Row::address)}};
}

// The entry of a table, for the rows of an index.
TableShards rows_entry(const TableList& list, const ShardedTable& table, const char* index,
                       const Checkpoint& checkpoint, std::vector<std::int64_t> counts) {
  const bool is_best = index == kBestIndex;
  auto entry = growing_entry(list, is_best ? best_name(table.name) : table.name, table.width, std::move(counts));
  entry.index = entry_name(name_of(list.ids_of()), index);
  if (checkpoint.base) entry.base = table.name;
  return entry;
}

// Of shards from `first` on; checked, since whatever comes of it is looked up without a question.
ListedRows listed_in(const TableShards& index, std::int64_t first, const RowNames* names) {
  const auto column = [&](const char* name) { return numbers_of(index, name).const_data_ptr<std::int64_t>(); };
  const auto *address = column(kTableAddress), *sightings = column(kSightings), *last_seen = column(kLastSeen);
  ListedRows rows = {index.counts, {}};
  if (index.names.size() != static_cast<std::size_t>(numbers_of(index, kTableAddress).numel()))
    refuse_index(index.name);
  std::int64_t row = 0;
  for (std::size_t shard = 0; shard < index.counts.size(); ++shard) {
    const auto of = first + static_cast<std::int64_t>(shard);
    const auto end = row + index.counts[shard];
    if (row == end || end - row > RowPlaces(index.rows).per_shard() || address[row] != shared_address(of))
      refuse_index(index.name);
    for (const auto begin = row; row < end; ++row) {
      if (shard_of_address(address[row]) != of || (row > begin && address[row] <= address[row - 1]))
        refuse_index(index.name);
      const auto& name = index.names[static_cast<std::size_t>(row)];
      if (names != nullptr && row > begin) require_same_name(*names, address[row], name);
      rows.rows.push_back({address[row], sightings[row], last_seen[row], name});
    }
  }
  return rows;
}

[[noreturn]] void refuse_rows(const std::string& index, const std::string& field) {
  throw DataError(
      field.empty()
          ? fmt::format("the checkpoint's '{}' has more rows than tables.most-rows has room for", index)
          : fmt::format(
                "the checkpoint's '{}' has more rows of field '{}' than its most-rows in tables.fields has room for",
                index, field));
}

// The same of a list that is to have these rows.
ListedRows rows_for(const TableList& list, const TableShards& index, std::int64_t first) {
  auto rows = listed_in(index, first, &list.names());
  std::span<const GrowingRows::Row> left = rows.rows;
  for (const auto count : rows.counts) {
    const auto of_shard = static_cast<std::size_t>(count);
    if (const auto pool = list.growing().overfull_pool(left.first(of_shard)))
      refuse_rows(index.name, list.growing().pools()[*pool].field);
    left = left.subspan(of_shard);
  }
  return rows;
}

// Rows of an entry, one for each of `places`, into a column of a table.
void put_rows(const TableShards& entry, const at::Tensor& rows, const at::Tensor& places, const at::Tensor& column) {
  if (rows.size(0) != places.numel()) refuse_index(entry.name);
  column.index_copy_(0, places, rows);
}

// Keys of one shard.  What field an address is of only the data set tells: where that matters, keys that it lacks are
// forgotten, as no step of this run will see them.
std::vector<GrowingRows::Waiting> waiting_in(const TableList& list, const TableShards& entry, std::int64_t first,
                                             std::int64_t count, std::int64_t shard) {
  std::vector<GrowingRows::Waiting> waiting;
  for (auto i = first; i < first + count; ++i) {
    const auto address = numbers_of(entry, kTableAddress).const_data_ptr<std::int64_t>()[i];
    if (shard_of_address(address) != shard || is_shared(address)) refuse_index(entry.name);
    if (const auto pool = list.growing().pool_of(address, list.names()))
      waiting.push_back({address, numbers_of(entry, kSightings).const_data_ptr<std::int64_t>()[i], *pool});
  }
  return waiting;
}

// Where among the listed rows those of addresses lie: a key's own, or its shard's shared one.
at::Tensor places_among(const ListedRows& listed, const at::Tensor& addresses) {
  const auto by_address = [](const auto& row, std::int64_t address) { return row.address < address; };
  const auto& rows = listed.rows;
  auto places = at::empty_like(addresses);
  const auto* address = addresses.const_data_ptr<std::int64_t>();
  for (std::int64_t i = 0; i < addresses.numel(); ++i) {
    auto found = std::lower_bound(rows.begin(), rows.end(), address[i], by_address);
    if (found == rows.end() || found->address != address[i])
      found = std::lower_bound(rows.begin(), rows.end(), shared_address(shard_of_address(address[i])), by_address);
    places.mutable_data_ptr<std::int64_t>()[i] = found - rows.begin();
  }
  return places;
}

// Of one that grows: the entry that has the values, those of its keys.
const TableShards& entry_of_values(const Checkpoint& checkpoint, const TableShards& table, bool best) {
  return best ? entry_of(checkpoint, best_name(table.name)) : table;
}

// A row for each place of the shards.
const at::Tensor& rows_of_places(const Checkpoint& checkpoint, const TableShards& table, bool best) {
  const auto& rows = rows_of(table, best ? kBestTableValues : kTableValues, table.width);
  if (rows.size(0) != RowPlaces(table.rows).per_shard() * checkpoint.shards.count)
    throw DataError(fmt::format("the checkpoint's '{}' has not a row for each place", table.name));
  return rows;
}

at::Tensor saved_fixed(const Checkpoint& checkpoint, const TableShards& table, bool best, const at::Tensor& places) {
  const auto first = RowPlaces(table.rows).first(checkpoint.shards.first);
  return rows_at(rows_of_places(checkpoint, table, best), places - first, table.width);
}

// The ids that have a row in a shard, in the order of their places: at most the last place has none.
at::Tensor ids_in(const RowPlaces& places, std::int64_t shard) {
  std::vector<std::int64_t> ids;
  ids.reserve(static_cast<std::size_t>(places.per_shard()));
  for (auto place = places.first(shard); place < places.first(shard + 1); ++place)
    if (const auto id = places.id_of(place); id >= 0) ids.push_back(id);
  return at::tensor(ids, at::kLong);
}

at::Tensor saved_growing(const Checkpoint& checkpoint, const TableShards& table, bool best, const at::Tensor& addresses,
                         const RowNames& names) {
  const auto& values = rows_of(entry_of_values(checkpoint, table, best), kTableValues, table.width);
  const auto& index = entry_of(checkpoint, entry_name(table.ids_of, best ? kBestIndex : kKeysIndex));
  const auto listed = listed_in(index, checkpoint.shards.first, &names);
  if (std::ssize(listed.rows) != values.size(0)) refuse_index(index.name);
  return rows_at(values, places_among(listed, addresses), table.width);
}

// The rows that have changed since step `base`, and of the best values, where they are newer, as many: all others are
// what they were then.
void save_changes(const ShardedTable& table, std::int64_t base, std::int64_t best_step, TableShards& saved) {
  const auto per_shard = table.places.per_shard();
  const auto places = table.steps.gt(base).nonzero().flatten();
  const auto of_shards = at::bincount(places.floor_divide(per_shard), {}, table.shards.count);
  saved.counts.assign(of_shards.const_data_ptr<std::int64_t>(),
                      of_shards.const_data_ptr<std::int64_t>() + of_shards.numel());
  saved.arrays[kTablePlaces] = places.remainder(per_shard);
  for (const auto& column : table.columns) saved.arrays[column.name] = taken_rows(table, column, places);
  saved.arrays[kTableSteps] = table.steps.index_select(0, places);
  if (table.best.defined() && best_step > base) saved.arrays[kBestTableValues] = table.best.index_select(0, places);
}

}  // namespace

at::Tensor taken_rows(const ShardedTable& table, const ShardedTable::Column& column, const at::Tensor& places) {
  constexpr std::int64_t kAtOnce = 1 << 16;
  const auto from = table.column(column);
  if (table.spill.empty()) return rows_at(from, places, column.width);
  auto rows = zeroed_rows(places.numel(), column.width, table.spill);
  for (std::int64_t first = 0; first < places.numel(); first += kAtOnce) {
    const auto some = places.narrow(0, first, std::min(kAtOnce, places.numel() - first));
    rows.narrow(0, first, some.numel()).copy_(rows_at(from, some, column.width));
  }
  return rows;
}

void save_fixed(const ShardedTable& table, std::int64_t best_step, Checkpoint& checkpoint) {
  auto& saved = checkpoint.tables.emplace_back();
  saved.name = table.name;
  saved.rows = table.ids;
  saved.width = table.width;
  if (checkpoint.base) {
    save_changes(table, *checkpoint.base, best_step, saved);
    return;
  }
  for (const auto& column : table.columns) saved.arrays[column.name] = copied_rows(table.column(column), table.spill);
  saved.arrays[kTableSteps] = table.steps.clone();
  if (table.best.defined()) saved.arrays[kBestTableValues] = table.best;  // which nobody changes
}

void save_growing(const ShardedTable& table, const TableList& list, const ListedRows* best, Checkpoint& checkpoint) {
  const auto listed = list.listed();
  const auto written = written_rows(listed, checkpoint.base);
  const auto places = list.places_of(listed).index_select(0, at::tensor(written.rows, at::kLong));
  auto& saved = checkpoint.tables.emplace_back(rows_entry(list, table, kKeysIndex, checkpoint, written.counts));
  for (const auto& column : table.columns) saved.arrays[column.name] = taken_rows(table, column, places);
  saved.arrays[kTableSteps] = table.steps.index_select(0, places);
  if (best == nullptr) return;
  const auto of_best = written_rows(*best, checkpoint.base);
  checkpoint.tables.push_back(rows_entry(list, table, kBestIndex, checkpoint, of_best.counts));
  checkpoint.tables.back().arrays[kTableValues] =
      checkpoint.base ? table.best.index_select(0, at::tensor(of_best.rows, at::kLong)) : table.best;
}

void save_list(const TableList& list, const ListedRows* best, ShardRange shards, Checkpoint& checkpoint) {
  const auto kept = std::string(name_of(list.ids_of()));
  add_index(list, kKeysIndex, list.listed(), checkpoint);
  if (best != nullptr) add_index(list, kBestIndex, *best, checkpoint);
  std::vector<std::int64_t> counts;
  std::vector<GrowingRows::Waiting> waiting;
  std::vector<std::vector<GrowthTotals>> pools;
  for (std::int64_t shard = 0; shard < shards.count; ++shard) {
    const auto content = list.growing().content(shard);
    counts.push_back(std::ssize(content.waiting));
    waiting.insert(waiting.end(), content.waiting.begin(), content.waiting.end());
    pools.push_back(content.pools);
  }
  auto& keys = checkpoint.tables.emplace_back(growing_entry(list, entry_name(kept, kKeysWaiting), 0, counts));
  keys.arrays = {{kTableAddress, column_of(waiting, &GrowingRows::Waiting::address)},
                 {kSightings, column_of(waiting, &GrowingRows::Waiting::sightings)}};
  save_totals(list, pools, checkpoint);
}

void restore_fixed(ShardedTable& table, const Checkpoint& checkpoint) {
  const auto& saved = named(checkpoint, table, false);
  for (const auto& column : table.columns) table.column(column).copy_(rows_of(saved, column.name, column.width));
  table.steps.copy_(numbers_of(saved, kTableSteps));
  const auto best = saved.arrays.find(kBestTableValues);
  table.best = best == saved.arrays.end() ? at::Tensor() : rows_of(saved, kBestTableValues, table.width);
}

void restore_growing(ShardedTable& table, const TableList& list, const Checkpoint& checkpoint) {
  const auto& saved = named(checkpoint, table, true);
  const auto places = list.places_of(list.listed());
  for (const auto& column : table.columns)
    put_rows(saved, rows_of(saved, column.name, column.width), places, table.column(column));
  put_rows(saved, numbers_of(saved, kTableSteps), places, table.steps);
  const auto* best = find_entry(checkpoint, best_name(table.name));
  table.best = best == nullptr ? at::Tensor() : rows_of(*best, kTableValues, table.width);
}

void start_growing(ShardedTable& table, const TableList& list, const Checkpoint& checkpoint) {
  const auto* best = find_entry(checkpoint, best_name(table.name));
  const auto& saved = best == nullptr ? named(checkpoint, table, true) : *best;
  put_rows(saved, rows_of(saved, kTableValues, table.width), list.places_of(list.listed()), table.values());
}

void restore_list(TableList& list, const Checkpoint& checkpoint, ShardRange shards) {
  const std::string name = name_of(list.ids_of());
  const auto& waiting = entry_of(checkpoint, entry_name(name, kKeysWaiting));
  const auto totals = saved_totals(list, checkpoint, shards);
  const auto rows = rows_for(list, entry_of(checkpoint, entry_name(name, kKeysIndex)), shards.first);
  auto row = rows.rows.begin();
  std::int64_t first = 0;
  for (std::int64_t shard = 0; shard < shards.count; ++shard) {
    const auto place = static_cast<std::size_t>(shard);
    list.growing().restore(shard, {{row, row + rows.counts[place]},
                                   waiting_in(list, waiting, first, waiting.counts[place], shards.first + shard),
                                   totals[place]});
    row += rows.counts[place];
    first += waiting.counts[place];
  }
}

std::optional<ListedRows> best_rows_in(const TableList& list, const Checkpoint& checkpoint) {
  const auto* index = find_entry(checkpoint, entry_name(name_of(list.ids_of()), kBestIndex));
  if (index == nullptr) return std::nullopt;
  return rows_for(list, *index, checkpoint.shards.first);
}

std::vector<std::string> names_of_tables(const std::vector<ManifestTable>& tables) {
  const auto has = [&](const std::string& name) {
    return std::any_of(tables.begin(), tables.end(), [&](const auto& each) { return each.name == name; });
  };
  constexpr std::string_view kBest = " best";
  std::vector<std::string> names;
  for (const auto& table : tables) {
    const bool is_best = table.name.ends_with(kBest) && has(table.name.substr(0, table.name.size() - kBest.size()));
    if (table.width > 0 && !is_best) names.push_back(table.name);
  }
  return names;
}

at::Tensor saved_rows(const Checkpoint& checkpoint, const std::string& table, bool best, const at::Tensor& addresses,
                      const RowNames* names) {
  const auto& saved = entry_of(checkpoint, table);
  return saved.grows() ? saved_growing(checkpoint, saved, best, addresses, *names)
                       : saved_fixed(checkpoint, saved, best, addresses);
}

RowsOfShard rows_of_shard(const Checkpoint& shard, const std::string& table, bool best) {
  const auto& saved = entry_of(shard, table);
  if (saved.grows()) return {rows_of(entry_of_values(shard, saved, best), kTableValues, saved.width)};
  const auto ids = ids_in(RowPlaces(saved.rows), shard.shards.first);
  return {rows_of_places(shard, saved, best).narrow(0, 0, ids.numel()), ids};
}

}  // namespace warmstart
