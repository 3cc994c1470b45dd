#include "trainer/tables/table_step.h"

#include <ATen/ATen.h>

#include <numeric>

#include "trainer/tables/distinct_places.h"
#include "trainer/tables/rows_at.h"
#include "trainer/tables/tree_of_rows.h"

namespace warmstart {
namespace {

at::Tensor joined(const std::vector<at::Tensor>& parts) { return parts.size() == 1 ? parts[0] : at::cat(parts); }

at::Tensor among_held(const at::Tensor& places, const ShardedTable& table) {
  return table.first_place() == 0 ? places : places - table.first_place();
}

// Of rows that lie one list after the other, at `positions` among `count` distinct ones; lists are leaves of the tree.
IdLookup lookup_of_lists(const std::vector<at::Tensor>& positions, std::vector<std::int64_t> firsts,
                         std::int64_t count) {
  return {{}, {}, std::move(firsts), at::arange(count, at::kLong), joined(positions)};
}

// Rows that ranks have of the same places, added up over ranks.
RowGradient sum_over_ranks(const ShardedTable& table, const at::Tensor& places, const at::Tensor& rows,
                           const std::vector<std::int64_t>& of_ranks) {
  if (of_ranks.size() == 1) return {&table, among_held(places, table), rows};
  const auto distinct = distinct_places({places}, [](auto place) { return place; });
  std::vector<std::int64_t> firsts(of_ranks.size() + 1);
  std::partial_sum(of_ranks.begin(), of_ranks.end(), firsts.begin() + 1);
  auto sums = at::zeros({distinct.places.numel(), table.width}, at::kFloat);
  add_tree_of_rows(sums, rows, lookup_of_lists(distinct.positions, firsts, distinct.places.numel()));
  return {&table, among_held(distinct.places, table), sums};
}

}  // namespace

TableStep::TableStep(const ShardedTables& tables, std::vector<BatchLookups> batches, Communicator& group)
    : tables_(tables), batches_(std::move(batches)) {
  std::vector<WantedRows> wanted;
  for (std::size_t list = 0; list < tables.lists().size(); ++list) {
    const auto& places = tables.places_of_list(list);
    std::vector<at::Tensor> ids;
    for (const auto& batch : batches_) ids.push_back(batch[tables.lists()[list]].all);
    const auto distinct = distinct_places(ids, [&](auto id) { return places.place_of(id); });
    auto& own = lists_.emplace_back();
    std::vector<std::int64_t> firsts = {0};
    for (std::size_t b = 0; b < batches_.size(); ++b) {
      const auto& lookup = batches_[b][tables.lists()[list]];
      own.in_wanted.push_back(distinct.positions[b].index_select(0, lookup.in_all));
      const auto before = firsts.back();
      for (std::size_t m = 1; m < lookup.firsts.size(); ++m) firsts.push_back(before + lookup.firsts[m]);
    }
    own.all_batches = lookup_of_lists(own.in_wanted, firsts, distinct.places.numel());
    wanted.push_back({distinct.places, places.of_ranks(tables.ranks())});
  }
  exchange_.emplace(std::move(wanted), group);
  std::vector<RowsOfList> held;
  for (const auto& table : tables.list()) {
    const auto list = tables.list_of(table);
    held.push_back({list, rows_at(table.records, among_held(exchange_->asked(list), table), table.width)});
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

std::vector<RowGradient> TableStep::reduce(Communicator& group) {
  std::vector<RowsOfList> found;
  for (std::size_t t = 0; t < rows_.size(); ++t)
    found.push_back({tables_.list_of(tables_.list()[t]), sum_of_batches(t)});
  const auto of_ranks = exchange_->give_back(found, group);
  std::vector<RowGradient> gradients;
  for (std::size_t t = 0; t < rows_.size(); ++t) {
    const auto list = found[t].list;
    gradients.push_back(
        sum_over_ranks(tables_.list()[t], exchange_->asked(list), of_ranks[t], exchange_->asked_by_rank(list)));
  }
  return gradients;
}

}  // namespace warmstart
