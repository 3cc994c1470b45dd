#include "trainer/tables/sharded_tables.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <stdexcept>

#include "base/digest.h"
#include "checkpoints/zeroed_rows.h"
#include "trainer/tables/checkpoint_tables.h"
#include "trainer/tables/distinct_places.h"
#include "trainer/tables/rows_at.h"

namespace warmstart {
namespace {

// Calls use(id, place among those held) for each row that this rank holds, of a table that does not grow.
template <typename Use>
void for_each_row(const ShardedTable& table, const Use& use) {
  for (std::int64_t place = 0; place < table.held(); ++place)
    if (const auto id = table.places.id_of(table.first_place() + place); id >= 0) use(id, place);
}

constexpr std::int64_t kTakenAtOnce = 1 << 16;  // rows, so that few of them are in memory twice

// The rows that this rank holds, of such a table: int64 [n].
struct HeldRows {
  at::Tensor ids, places;
};
HeldRows held_rows(const ShardedTable& table) {
  std::vector<std::int64_t> ids, places;
  for_each_row(table, [&](auto id, auto place) { ids.push_back(id), places.push_back(place); });
  return {at::tensor(ids, at::kLong), at::tensor(places, at::kLong)};
}

bool rows_are_finite(const std::vector<ShardedTable>& tables) {
  return std::all_of(tables.begin(), tables.end(), [](const auto& table) { return table.not_finite->empty(); });
}

// Collective.
void sum_over(Communicator& group, GrowthTotals& totals) {
  auto counts = at::tensor({totals.rows, totals.waiting, totals.admitted, totals.evicted}, at::kLong);
  group.sum(counts);
  const auto* count = counts.const_data_ptr<std::int64_t>();
  totals = {count[0], count[1], count[2], count[3]};
}

}  // namespace

void ShardedTables::add(const TableDeclaration& table) {
  index_[table.name] = tables_.size();
  const auto known =
      std::find_if(lists_.begin(), lists_.end(), [&](const auto& list) { return list.ids_of() == table.ids_of; });
  const auto& list = known == lists_.end() ? lists_.emplace_back(made_list(table)) : *known;
  tables_.push_back({.name = table.name,
                     .group = table.group,
                     .ids_of = table.ids_of,
                     .ids = table.ids,
                     .width = table.width,
                     .places = list.places(),
                     .shards = shards_,
                     .spill = storage_.spill,
                     .columns = {{kTableValues, 0, table.width}},
                     .records = {}});
  initial_.push_back(table.initial);
}

TableList ShardedTables::made_list(const TableDeclaration& table) const {
  const auto pools = storage_.pools.find(table.ids_of);
  return {table.ids_of, table.ids,
          pools == storage_.pools.end() ? std::vector{RowPool{"", storage_.growth}} : pools->second, shards_};
}

double ShardedTables::count() const {
  double count = 0;
  for (const auto& table : tables_) count += static_cast<double>(table.held()) * static_cast<double>(table.width);
  return count;
}

void ShardedTables::draw() {
  for (std::size_t t = 0; t < tables_.size(); ++t) {
    auto& table = tables_[t];
    const auto columns = table.width * (1 + storage_.wide_columns) + storage_.single_columns;
    table.records = zeroed_rows(table.held(), columns, storage_.spill);
    table.steps = at::zeros({table.held()}, at::kLong);
    auto* records = table.records.mutable_data_ptr<float>();
    const auto& list = lists_[list_of(table)];
    if (!list.grows()) {
      for_each_row(table, [&](auto id, auto place) { initial_[t].row(id, records + place * columns); });
      continue;
    }
    for (std::int64_t shard = 0; shard < shards_.count; ++shard) draw_row(t, list, shard * list.places().per_shard());
  }
}

// The one that a growing table's row at a place starts from.
void ShardedTables::draw_row(std::size_t table, const TableList& list, std::int64_t place) const {
  const auto& of = tables_[table];
  const auto address = list.growing().row_at(place).address;
  const auto record = of.records[place].zero_();
  of.not_finite->erase(place);
  of.steps[place].zero_();
  auto* values = record.mutable_data_ptr<float>();
  if (!of.initial.defined())
    initial_[table].row(address, values);
  else if (!is_shared(address))
    record.narrow(0, 0, of.width).copy_(of.initial[list.names().id_of(address)]);
}

std::size_t ShardedTables::list_of(const ShardedTable& table) const {
  return static_cast<std::size_t>(
      std::find_if(lists_.begin(), lists_.end(), [&](const auto& list) { return list.ids_of() == table.ids_of; }) -
      lists_.begin());
}

void ShardedTables::keep_beside(const std::vector<std::string>& columns, bool as_wide) {
  for (auto& table : tables_) {
    auto end = table.width;
    const bool has_state = table.columns.size() > 1;
    table.steps.zero_();
    table.columns.resize(1);  // an earlier run's are gone
    for (const auto& name : columns) {
      table.columns.push_back({name, end, as_wide ? table.width : 1});
      end += table.columns.back().width;
    }
    if (end > table.records.size(1)) {
      auto wider = zeroed_rows(table.held(), end, storage_.spill);
      wider.narrow(1, 0, table.width).copy_(table.values());
      table.records = wider;
    } else if (has_state) {
      table.records.narrow(1, table.width, end - table.width).zero_();
    }
  }
}

void ShardedTables::assign(const std::string& table, const at::Tensor& by_id) {
  auto& to = tables_[index_.at(table)];
  const auto rows = by_id.view({to.ids, to.width}).contiguous();
  const auto& list = lists_[list_of(to)];
  if (list.grows()) {
    to.initial = rows;
    return;
  }
  const auto* value = rows.const_data_ptr<float>();
  auto* record = to.records.mutable_data_ptr<float>();
  for_each_row(to, [&](auto id, auto place) {
    std::copy_n(value + id * to.width, to.width, record + place * to.records.size(1));
  });
}

void ShardedTables::end_step(std::int64_t step, const std::vector<Sightings>& sightings) {
  const auto done = step + 1;
  for (const auto& seen : sightings) {
    auto& list = lists_[seen.list];
    const auto* address = seen.addresses.const_data_ptr<std::int64_t>();
    const auto* count = seen.count.const_data_ptr<float>();
    for (std::int64_t i = 0; i < seen.addresses.numel(); ++i)
      list.growing().see(address[i], static_cast<std::int64_t>(count[i]), done, list.names());
    for (const auto place : list.growing().end_step(done, list.names()))
      for (std::size_t t = 0; t < tables_.size(); ++t)
        if (list_of(tables_[t]) == seen.list) draw_row(t, list, place);
  }
}

GrowthReport ShardedTables::growth(Communicator& group) const {
  GrowthReport report;
  for (const auto& list : lists_) {
    const auto own = list.growing().totals();
    report += own;
    for (const auto& [field, totals] : own.of_fields) report.of_fields[field] += totals;
  }
  sum_over(group, report);
  for (auto& [field, totals] : report.of_fields) sum_over(group, totals);
  return report;
}

at::Tensor ShardedTables::rows(const std::string& table, const at::Tensor& ids) const {
  const auto& of = (*this)[table];
  const auto& list = lists_[list_of(of)];
  const auto on_host = ids.cpu();
  auto addresses = at::empty_like(on_host);
  const auto* id = on_host.const_data_ptr<std::int64_t>();
  std::transform(id, id + on_host.numel(), addresses.mutable_data_ptr<std::int64_t>(),
                 [&](auto each) { return list.address_of(each); });
  if (ranks_ == 1) return rows_at(of.records, list.places_of(addresses), of.width).to(ids.device());
  if (held_.empty()) throw std::logic_error(table + ": rows of other ranks are asked for, and none are held");
  return rows_of(held_[list_of(of)], held_rows_[index_.at(table)], addresses, table).to(ids.device());
}

at::Tensor ShardedTables::whole(const std::string& table) const {
  return rows(table, at::arange((*this)[table].ids, at::kLong));
}

void ShardedTables::hold(const std::vector<at::Tensor>& ids, Communicator& group) {
  std::vector<WantedRows> wanted;
  for (std::size_t list = 0; list < lists_.size(); ++list) {
    const auto distinct = distinct_places({ids[list]}, [&](auto id) { return lists_[list].address_of(id); });
    wanted.push_back({distinct.places, lists_[list].addresses_of_ranks(ranks_)});
    held_.push_back(distinct.places);
  }
  const RowExchange exchange(wanted, group);
  std::vector<RowsOfList> rows;
  for (const auto& table : tables_) {
    const auto list = list_of(table);
    rows.push_back({list, rows_at(table.records, lists_[list].places_of(exchange.asked(list)), table.width)});
  }
  held_rows_ = exchange.fetch(rows, group);
}

bool ShardedTables::are_finite() const { return best_are_finite_ && rows_are_finite(tables_); }

void ShardedTables::keep_best(std::int64_t step) {
  best_step_ = step;
  best_are_finite_ = rows_are_finite(tables_);
  best_rows_.resize(lists_.size());
  for (std::size_t list = 0; list < lists_.size(); ++list)
    if (lists_[list].grows()) best_rows_[list] = lists_[list].listed();
  for (auto& table : tables_) {
    const auto list = list_of(table);
    table.best = lists_[list].grows() ? taken_rows(table, table.columns[0], lists_[list].places_of(best_rows_[list]))
                                      : copied_rows(table.values(), storage_.spill);
  }
}

void ShardedTables::take_best() {
  for (std::size_t list = 0; list < best_rows_.size(); ++list)
    if (lists_[list].grows()) lists_[list].restore(best_rows_[list]);
  for (auto& table : tables_) {
    if (!table.best.defined()) continue;
    const auto list = list_of(table);
    if (lists_[list].grows())
      table.values().index_copy_(0, lists_[list].places_of(best_rows_[list]), table.best);
    else
      table.values().copy_(table.best);
  }
}

// The digest of a shard's rows in the order of ids, or of addresses, which go with them.
std::string ShardedTables::digest_of_shard(const ShardedTable& table, std::int64_t shard) const {
  const auto& list = lists_[list_of(table)];
  const auto first = shard * table.places.per_shard();
  if (!list.grows()) {
    const auto values = table.values().narrow(0, first, table.places.per_shard()).contiguous();
    return warmstart::digest(values.const_data_ptr<float>(), values.nbytes());
  }
  const auto content = list.growing().content(shard);
  const auto values =
      rows_at(table.records, at::tensor(list.growing().places_of(content.rows), at::kLong), table.width);
  Digest digest;
  for (const auto& row : content.rows) digest.add(&row.address, sizeof(row.address));
  digest.add(values.const_data_ptr<float>(), values.nbytes());
  return digest.text();
}

std::string ShardedTables::digest(Communicator& group) const {
  constexpr std::int64_t kDigits = 32;
  auto digests = at::zeros({static_cast<std::int64_t>(tables_.size()), kVirtualShards, kDigits}, at::kByte);
  for (std::size_t t = 0; t < tables_.size(); ++t) {
    for (std::int64_t shard = 0; shard < shards_.count; ++shard) {
      const auto text = digest_of_shard(tables_[t], shard);
      auto place = digests[static_cast<std::int64_t>(t)][shards_.first + shard];
      std::copy(text.begin(), text.end(), place.mutable_data_ptr<std::uint8_t>());
    }
  }
  group.sum(digests);
  return warmstart::digest(digests.const_data_ptr<std::uint8_t>(), digests.nbytes());
}

void ShardedTables::save(Checkpoint& checkpoint) const {
  checkpoint.shards = shards_;
  checkpoint.rows_are_finite = are_finite();
  for (std::size_t list = 0; list < lists_.size(); ++list)
    if (lists_[list].grows()) save_list(lists_[list], best_for(checkpoint, list), shards_, checkpoint);
  for (const auto& table : tables_) {
    const auto list = list_of(table);
    if (lists_[list].grows())
      save_growing(table, lists_[list], best_for(checkpoint, list), checkpoint);
    else
      save_fixed(table, best_step_, checkpoint);
  }
}

const ListedRows* ShardedTables::best_for(const Checkpoint& checkpoint, std::size_t list) const {
  const bool has = !best_rows_.empty() && !(checkpoint.base && best_step_ <= *checkpoint.base);
  return has ? &best_rows_[list] : nullptr;
}

void ShardedTables::restore(const Checkpoint& checkpoint) {
  best_rows_.clear();
  best_step_ = checkpoint.state.best_step;
  best_are_finite_ = true;  // what is read is
  for (std::size_t list = 0; list < lists_.size(); ++list) {
    if (!lists_[list].grows()) continue;
    restore_list(lists_[list], checkpoint, shards_);
    if (auto best = best_rows_in(lists_[list], checkpoint)) {
      best_rows_.resize(lists_.size());
      best_rows_[list] = std::move(*best);
    }
  }
  for (auto& table : tables_) {
    table.not_finite->clear();
    if (const auto& list = lists_[list_of(table)]; list.grows())
      restore_growing(table, list, checkpoint);
    else
      restore_fixed(table, checkpoint);
  }
}

void ShardedTables::start_from(const Checkpoint& checkpoint) {
  for (auto& list : lists_) {
    restore_list(list, checkpoint, shards_);
    if (const auto best = best_rows_in(list, checkpoint)) list.restore(*best);
    list.growing().forget_steps();
  }
  for (auto& table : tables_) start_growing(table, lists_[list_of(table)], checkpoint);
}

std::vector<at::Tensor> ShardedTables::held_ids() const {
  std::vector<at::Tensor> ids(lists_.size());
  for (const auto& table : tables_) {
    auto& of_list = ids[list_of(table)];
    if (!of_list.defined()) of_list = std::get<0>(held_rows(table).ids.sort());
  }
  return ids;
}

void ShardedTables::take(const CopiedTables& from) {
  for (auto& table : tables_) {
    if (!from.contains(table.name)) continue;
    const auto held = held_rows(table);
    for (std::int64_t first = 0; first < held.ids.numel(); first += kTakenAtOnce) {
      const auto count = std::min(kTakenAtOnce, held.ids.numel() - first);
      table.values().index_copy_(0, held.places.narrow(0, first, count),
                                 from.rows(table.name, held.ids.narrow(0, first, count)));
    }
  }
}

}  // namespace warmstart
