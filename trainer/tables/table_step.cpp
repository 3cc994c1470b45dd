#include "trainer/tables/table_step.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <numeric>

#include "trainer/tables/distinct_places.h"
#include "trainer/tables/rows_at.h"
#include "trainer/tables/tree_of_rows.h"

namespace warmstart {
namespace {

at::Tensor joined(const std::vector<at::Tensor>& parts) { return parts.size() == 1 ? parts[0] : at::cat(parts); }

// Of rows that lie one list after the other, at `positions` among `count` distinct ones; lists are leaves of the tree.
IdLookup lookup_of_lists(const std::vector<at::Tensor>& positions, std::vector<std::int64_t> firsts,
                         std::int64_t count) {
  return {{}, {}, std::move(firsts), at::arange(count, at::kLong), joined(positions)};
}

// Rows that ranks have of the same addresses, added up over ranks.
struct SummedRows {
  at::Tensor addresses, rows;  // ascending
};
SummedRows sum_over_ranks(const at::Tensor& addresses, const at::Tensor& rows,
                          const std::vector<std::int64_t>& of_ranks) {
  if (of_ranks.size() == 1) return {addresses, rows};
  const auto distinct = distinct_places({addresses}, [](auto address) { return address; });
  std::vector<std::int64_t> firsts(of_ranks.size() + 1);
  std::partial_sum(of_ranks.begin(), of_ranks.end(), firsts.begin() + 1);
  auto sums = at::zeros({distinct.places.numel(), rows.size(1)}, at::kFloat);
  add_tree_of_rows(sums, rows, lookup_of_lists(distinct.positions, firsts, distinct.places.numel()));
  return {distinct.places, sums};
}

// The rows' gradients at their places.  Keys that share a row have theirs added up in the order of addresses.
RowGradient at_places(const ShardedTable& table, const TableList& list, const SummedRows& summed) {
  const auto places = list.places_of(summed.addresses);
  if (!list.grows()) return {&table, places, summed.rows};
  const auto width = summed.rows.size(1);
  auto rows = summed.rows.clone(), kept = places.clone();
  auto* to = rows.mutable_data_ptr<float>();
  auto* place = kept.mutable_data_ptr<std::int64_t>();
  tsl::robin_map<std::int64_t, std::int64_t> row_of;
  for (std::int64_t i = 0; i < places.numel(); ++i) {
    const auto [found, is_new] = row_of.emplace(place[i], static_cast<std::int64_t>(row_of.size()));
    const auto* from = summed.rows.const_data_ptr<float>() + i * width;
    auto* row = to + found->second * width;
    if (is_new) {
      place[found->second] = place[i];
      std::copy_n(from, width, row);
    } else {
      std::transform(from, from + width, row, row, [](float more, float sum) { return sum + more; });
    }
  }
  const auto count = static_cast<std::int64_t>(row_of.size());
  return {&table, kept.narrow(0, 0, count), rows.narrow(0, 0, count)};
}

// How often the batches' microbatches hold each of `count` wanted ids.
at::Tensor sightings_of(const std::vector<BatchLookups>& batches, IdsOf ids, const std::vector<at::Tensor>& in_wanted,
                        std::int64_t count) {
  auto sightings = at::zeros({count, 1}, at::kFloat);
  auto* seen = sightings.mutable_data_ptr<float>();
  for (std::size_t b = 0; b < batches.size(); ++b) {
    const auto& places = batches[b][ids].places;
    const auto* wanted = in_wanted[b].const_data_ptr<std::int64_t>();
    const auto* place = places.const_data_ptr<std::int64_t>();
    for (std::int64_t i = 0; i < places.numel(); ++i) seen[wanted[place[i]]] += 1.0f;
  }
  return sightings;
}

}  // namespace

TableStep::TableStep(const ShardedTables& tables, std::vector<BatchLookups> batches, Communicator& group)
    : tables_(tables), batches_(std::move(batches)) {
  std::vector<WantedRows> wanted;
  for (std::size_t list = 0; list < tables.lists().size(); ++list) {
    const auto& of = tables.lists()[list];
    std::vector<at::Tensor> ids;
    for (const auto& batch : batches_) ids.push_back(batch[of.ids_of()].all);
    const auto distinct = distinct_places(ids, [&](auto id) { return of.address_of(id); });
    auto& own = lists_.emplace_back();
    std::vector<std::int64_t> firsts = {0};
    for (std::size_t b = 0; b < batches_.size(); ++b) {
      const auto& lookup = batches_[b][of.ids_of()];
      looked_up_ += static_cast<double>(lookup.places.numel());
      own.in_wanted.push_back(distinct.positions[b].index_select(0, lookup.in_all));
      const auto before = firsts.back();
      for (std::size_t m = 1; m < lookup.firsts.size(); ++m) firsts.push_back(before + lookup.firsts[m]);
    }
    own.all_batches = lookup_of_lists(own.in_wanted, firsts, distinct.places.numel());
    if (of.grows()) own.sightings = sightings_of(batches_, of.ids_of(), own.in_wanted, distinct.places.numel());
    wanted_ += static_cast<double>(distinct.places.numel());
    wanted.push_back({distinct.places, of.addresses_of_ranks(tables.ranks())});
  }
  exchange_.emplace(std::move(wanted), group);
  std::vector<RowsOfList> held;
  for (const auto& table : tables.list()) {
    const auto list = tables.list_of(table);
    held.push_back({list, rows_at(table.records, tables.lists()[list].places_of(exchange_->asked(list)), table.width)});
  }
  rows_ = exchange_->fetch(held, group);
  gradients_.assign(rows_.size(), std::vector<at::Tensor>(batches_.size()));
}

FetchedRows TableStep::fetched(std::size_t batch, at::Device device) const {
  FetchedRows fetched;
  for (std::size_t t = 0; t < rows_.size(); ++t) {
    const auto& table = tables_.list()[t];
    fetched[table.name] = rows_at(rows_[t], lists_[tables_.list_of(table)].in_wanted[batch], table.width).to(device);
  }
  return fetched;
}

void TableStep::give_back(std::size_t batch, const std::string& table, const at::Tensor& gradient) {
  const auto place = static_cast<std::size_t>(&tables_[table] - tables_.list().data());
  gradients_[place][batch] = gradient.to(at::kCPU).contiguous();
}

// The rank's part of the tree.  What no loss depends on has no gradient.
at::Tensor TableStep::sum_of_batches(std::size_t table) const {
  const auto& list = lists_[tables_.list_of(tables_.list()[table])];
  const auto width = tables_.list()[table].width;
  std::vector<at::Tensor> parts;
  for (std::size_t b = 0; b < batches_.size(); ++b) {
    const auto& found = gradients_[table][b];
    parts.push_back(found.defined() ? found : at::zeros({list.in_wanted[b].numel(), width}, at::kFloat));
  }
  auto sums = at::zeros({list.all_batches.all.numel(), width}, at::kFloat);
  add_tree_of_rows(sums, joined(parts), list.all_batches);
  return sums;
}

TableStep::Reduced TableStep::reduce(Communicator& group) {
  std::vector<RowsOfList> found;
  for (std::size_t t = 0; t < rows_.size(); ++t)
    found.push_back({tables_.list_of(tables_.list()[t]), sum_of_batches(t)});
  for (std::size_t list = 0; list < lists_.size(); ++list)
    if (lists_[list].sightings.defined()) found.push_back({list, lists_[list].sightings});
  const auto of_ranks = exchange_->give_back(found, group);
  Reduced reduced{
      .gradients = {}, .sightings = {}, .repeated_share = looked_up_ > 0 ? 1.0 - wanted_ / looked_up_ : 0.0};
  for (std::size_t i = 0; i < found.size(); ++i) {
    const auto list = found[i].list;
    const auto summed = sum_over_ranks(exchange_->asked(list), of_ranks[i], exchange_->asked_by_rank(list));
    if (i < rows_.size())
      reduced.gradients.push_back(at_places(tables_.list()[i], tables_.lists()[list], summed));
    else
      reduced.sightings.push_back({list, summed.addresses, summed.rows});
  }
  return reduced;
}

}  // namespace warmstart
