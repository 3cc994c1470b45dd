#include "trainer/tables/table_list.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <iterator>
#include <numeric>
#include <stdexcept>

namespace warmstart {
namespace {

std::int64_t most_rows_of(const std::vector<RowPool>& pools) {
  return std::accumulate(pools.begin(), pools.end(), std::int64_t{0},
                         [](auto sum, const auto& pool) { return sum + pool.growth.most_rows; });
}

at::Tensor tensor_of(const std::vector<std::int64_t>& values) { return at::tensor(values, at::kLong); }

}  // namespace

TableList::TableList(IdsOf ids_of, std::int64_t ids, std::vector<RowPool> pools, ShardRange shards)
    : ids_of_(ids_of), ids_(ids), most_rows_(ids), shards_(shards), places_(ids) {
  const auto most_rows = most_rows_of(pools);
  if (most_rows == 0) return;
  most_rows_ = most_rows;
  places_ = RowPlaces(places_of_shard(pools) * kVirtualShards);
  growing_.emplace(std::move(pools), shards);
}

void TableList::name(std::shared_ptr<const RowNames> names) {
  if (names->ids() != ids_) throw std::logic_error("names of another number of ids than the tables have");
  names_ = std::move(names);
}

const RowNames& TableList::names() const {
  if (!names_) throw std::logic_error("rows of growing tables are asked for before the ids have names");
  return *names_;
}

std::vector<std::int64_t> TableList::addresses_of_ranks(int ranks) const {
  return growing_ ? warmstart::addresses_of_ranks(ranks) : places_.of_ranks(ranks);
}

at::Tensor TableList::places_of(const at::Tensor& addresses) const {
  const auto first = places_.first(shards_.first);
  if (!growing_) return first == 0 ? addresses : addresses - first;
  auto places = at::empty_like(addresses);
  const auto* address = addresses.const_data_ptr<std::int64_t>();
  std::transform(address, address + addresses.numel(), places.mutable_data_ptr<std::int64_t>(),
                 [&](auto each) { return growing_->place_of(each); });
  return places;
}

ListedRows TableList::listed() const {
  ListedRows listed;
  for (std::int64_t shard = 0; shard < shards_.count; ++shard) {
    auto rows = growing_->content(shard).rows;
    listed.counts.push_back(std::ssize(rows));
    std::move(rows.begin(), rows.end(), std::back_inserter(listed.rows));
  }
  return listed;
}

void TableList::restore(const ListedRows& rows) {
  auto first = rows.rows.begin();
  for (std::int64_t shard = 0; shard < shards_.count; ++shard) {
    auto content = growing_->content(shard);
    const auto last = first + rows.counts[static_cast<std::size_t>(shard)];
    content.rows = {first, last};
    growing_->restore(shard, std::move(content));
    first = last;
  }
}

at::Tensor TableList::places_of(const ListedRows& rows) const { return tensor_of(growing_->places_of(rows.rows)); }

const char* name_of(IdsOf ids) { return ids == IdsOf::kKeys ? "keys" : ids == IdsOf::kRows ? "rows" : "tasks"; }

}  // namespace warmstart
