#include "trainer/tables/sharded_tables.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "base/digest.h"
#include "base/errors.h"
#include "trainer/tables/distinct_places.h"
#include "trainer/tables/rows_at.h"

namespace warmstart {
namespace {

at::Tensor local(const at::Tensor& places, const ShardedTable& table) {
  return table.first_place() == 0 ? places : places - table.first_place();
}

// Calls use(id, place among those held) for each row that this rank holds.
template <typename Use>
void for_each_row(const ShardedTable& table, const Use& use) {
  for (std::int64_t place = 0; place < table.held(); ++place)
    if (const auto id = table.places.id_of(table.first_place() + place); id >= 0) use(id, place);
}

const TableShards& named(const Checkpoint& checkpoint, const ShardedTable& table) {
  const auto found = std::find_if(checkpoint.tables.begin(), checkpoint.tables.end(),
                                  [&](const auto& each) { return each.name == table.name; });
  if (found == checkpoint.tables.end() || found->rows != table.ids || found->width != table.width)
    throw DataError(
        fmt::format("the checkpoint has no table '{}' of {} rows of {}", table.name, table.ids, table.width));
  return *found;
}

const at::Tensor& array_of(const TableShards& table, const std::string& name) {
  const auto found = table.arrays.find(name);
  if (found == table.arrays.end())
    throw DataError(
        fmt::format("the checkpoint's table '{}' lacks '{}', without which training cannot go on", table.name, name));
  return found->second;
}

}  // namespace

void ShardedTables::add(const TableDeclaration& table) {
  index_[table.name] = tables_.size();
  if (std::find(lists_.begin(), lists_.end(), table.ids_of) == lists_.end()) lists_.push_back(table.ids_of);
  tables_.push_back({.name = table.name,
                     .group = table.group,
                     .ids_of = table.ids_of,
                     .ids = table.ids,
                     .width = table.width,
                     .places = RowPlaces(table.ids),
                     .shards = shards_,
                     .columns = {{kTableValues, 0, table.width}},
                     .records = {}});
  initial_.push_back(table.initial);
}

double ShardedTables::count() const {
  double count = 0;
  for (const auto& table : tables_) count += static_cast<double>(table.held()) * static_cast<double>(table.width);
  return count;
}

void ShardedTables::draw() {
  for (std::size_t t = 0; t < tables_.size(); ++t) {
    auto& table = tables_[t];
    table.records = at::zeros({table.held(), table.width}, at::kFloat);
    auto* records = table.records.mutable_data_ptr<float>();
    for_each_row(table, [&](auto id, auto place) { initial_[t].row(id, records + place * table.width); });
  }
}

std::size_t ShardedTables::list_of(const ShardedTable& table) const {
  return static_cast<std::size_t>(std::find(lists_.begin(), lists_.end(), table.ids_of) - lists_.begin());
}

const RowPlaces& ShardedTables::places_of_list(std::size_t list) const {
  return std::find_if(tables_.begin(), tables_.end(), [&](const auto& each) { return each.ids_of == lists_[list]; })
      ->places;
}

void ShardedTables::keep_beside(const std::vector<std::string>& columns, bool as_wide) {
  for (auto& table : tables_) {
    auto end = table.width;
    table.columns.resize(1);  // an earlier run's are gone
    for (const auto& name : columns) {
      table.columns.push_back({name, end, as_wide ? table.width : 1});
      end += table.columns.back().width;
    }
    table.records = at::constant_pad_nd(table.values(), {0, end - table.width});
  }
}

void ShardedTables::keep_steps() {
  for (auto& table : tables_) table.steps = at::zeros({table.held()}, at::kLong);
}

void ShardedTables::assign(const std::string& table, const at::Tensor& by_id) {
  const auto& to = tables_[index_.at(table)];
  const auto* value = by_id.const_data_ptr<float>();
  auto* record = to.records.mutable_data_ptr<float>();
  for_each_row(to, [&](auto id, auto place) { record[place * to.records.size(1)] = value[id]; });
}

at::Tensor ShardedTables::rows(const std::string& table, const at::Tensor& ids) const {
  const auto& of = (*this)[table];
  const auto on_host = ids.cpu();
  auto places = at::empty_like(on_host);
  const auto* id = on_host.const_data_ptr<std::int64_t>();
  auto* place = places.mutable_data_ptr<std::int64_t>();
  std::transform(id, id + on_host.numel(), place, [&](auto each) { return of.places.place_of(each); });
  if (ranks_ == 1) return rows_at(of.records, places, of.width).to(ids.device());
  if (held_.empty()) throw std::logic_error(table + ": rows of other ranks are asked for, and none are held");
  const auto& held = held_[list_of(of)];
  const auto found = at::searchsorted(held, places);
  if (!at::equal(held.index_select(0, found.clamp_max(held.numel() - 1)), places))
    throw std::logic_error(table + ": a row of another rank is asked for that is not held");
  return rows_at(held_rows_[index_.at(table)], found, of.width).to(ids.device());
}

at::Tensor ShardedTables::whole(const std::string& table) const {
  return rows(table, at::arange((*this)[table].ids, at::kLong));
}

void ShardedTables::hold(const std::vector<at::Tensor>& ids, Communicator& group) {
  std::vector<WantedRows> wanted;
  for (std::size_t list = 0; list < lists_.size(); ++list) {
    const auto& places = places_of_list(list);
    const auto distinct = distinct_places({ids[list]}, [&](auto id) { return places.place_of(id); });
    wanted.push_back({distinct.places, places.of_ranks(ranks_)});
    held_.push_back(distinct.places);
  }
  const RowExchange exchange(wanted, group);
  std::vector<RowsOfList> rows;
  for (const auto& table : tables_) {
    const auto list = list_of(table);
    rows.push_back({list, rows_at(table.records, local(exchange.asked(list), table), table.width)});
  }
  held_rows_ = exchange.fetch(rows, group);
}

void ShardedTables::keep_best() {
  for (auto& table : tables_) table.best = table.values().clone(at::MemoryFormat::Contiguous);
}

void ShardedTables::take_best() {
  for (auto& table : tables_)
    if (table.best.defined()) table.values().copy_(table.best);
}

std::string ShardedTables::digest(Communicator& group) const {
  constexpr std::int64_t kDigits = 32;
  auto digests = at::zeros({static_cast<std::int64_t>(tables_.size()), kVirtualShards, kDigits}, at::kByte);
  for (std::size_t t = 0; t < tables_.size(); ++t) {
    for (auto shard = shards_.first; shard < shards_.end(); ++shard) {
      const auto& table = tables_[t];
      const auto values = table.values()
                              .narrow(0, table.places.first(shard) - table.first_place(), table.places.per_shard())
                              .contiguous();
      const auto text = warmstart::digest(values.const_data_ptr<float>(), values.nbytes());
      auto place = digests[static_cast<std::int64_t>(t)][shard];
      std::copy(text.begin(), text.end(), place.mutable_data_ptr<std::uint8_t>());
    }
  }
  group.sum(digests);
  return warmstart::digest(digests.const_data_ptr<std::uint8_t>(), digests.nbytes());
}

void ShardedTables::save(Checkpoint& checkpoint) const {
  checkpoint.shards = shards_;
  for (const auto& table : tables_) {
    auto& saved = checkpoint.tables.emplace_back();
    saved.name = table.name;
    saved.rows = table.ids;
    saved.width = table.width;
    for (const auto& column : table.columns)
      saved.arrays[column.name] = table.column(column).clone(at::MemoryFormat::Contiguous);
    if (table.steps.defined()) saved.arrays[kTableSteps] = table.steps.clone();
    if (table.best.defined()) saved.arrays[kBestTableValues] = table.best;  // which nobody changes
  }
}

void ShardedTables::restore(const Checkpoint& checkpoint) {
  for (auto& table : tables_) {
    const auto& saved = named(checkpoint, table);
    for (const auto& column : table.columns) table.column(column).copy_(array_of(saved, column.name));
    if (table.steps.defined()) table.steps.copy_(array_of(saved, kTableSteps));
    const auto best = saved.arrays.find(kBestTableValues);
    table.best = best == saved.arrays.end() ? at::Tensor() : best->second;
  }
}

NamedTensors whole_tables(const Checkpoint& checkpoint, const std::string& array) {
  NamedTensors whole;
  for (const auto& table : checkpoint.tables) {
    const RowPlaces places(table.rows);
    auto ids = at::empty({table.rows}, at::kLong);
    auto* place = ids.mutable_data_ptr<std::int64_t>();
    for (std::int64_t id = 0; id < table.rows; ++id) place[id] = places.place_of(id);
    whole.emplace_back(table.name, rows_at(array_of(table, array), ids, table.width));
  }
  return whole;
}

}  // namespace warmstart
