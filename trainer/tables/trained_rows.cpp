#include "trainer/tables/trained_rows.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/errors.h"
#include "checkpoints/zeroed_rows.h"
#include "cluster/agreement.h"
#include "trainer/tables/distinct_places.h"

namespace warmstart {
namespace {

const ManifestTable& table_in(const Manifest& manifest, const CopiedTables::Table& table) {
  const auto saved = std::find_if(manifest.tables.begin(), manifest.tables.end(),
                                  [&](const auto& each) { return each.name == table.name; });
  if (saved == manifest.tables.end() || saved->width != table.width)
    throw DataError(fmt::format("the checkpoint has no table '{}' of width {}", table.name, table.width));
  return *saved;
}

// Where the addresses of each shard stand among all.
std::vector<at::Tensor> by_shard(const RowAddresses& addresses, const at::Tensor& all) {
  std::vector<std::vector<std::int64_t>> positions(static_cast<std::size_t>(kVirtualShards));
  const auto* address = all.const_data_ptr<std::int64_t>();
  for (std::int64_t i = 0; i < all.numel(); ++i)
    positions[static_cast<std::size_t>(addresses.shard_of(address[i]))].push_back(i);
  std::vector<at::Tensor> tensors;
  tensors.reserve(positions.size());
  for (const auto& of_shard : positions) tensors.push_back(at::tensor(of_shard, at::kLong));
  return tensors;
}

// Copies the rows to where they stand, without another copy of them as index_copy_() would make.
void put_rows(const at::Tensor& to, const at::Tensor& positions, const at::Tensor& rows) {
  const auto width = rows.size(1);
  const auto* position = positions.const_data_ptr<std::int64_t>();
  const auto* from = rows.const_data_ptr<float>();
  auto* begin = to.mutable_data_ptr<float>();
  for (std::int64_t i = 0; i < positions.numel(); ++i)
    std::copy_n(from + i * width, width, begin + position[i] * width);
}

// Of these ids, or of all.
at::Tensor addresses_of(const RowAddresses& addresses, const at::Tensor& ids) {
  auto found = at::empty_like(ids);
  const auto* id = ids.const_data_ptr<std::int64_t>();
  std::transform(id, id + ids.numel(), found.mutable_data_ptr<std::int64_t>(),
                 [&](auto each) { return addresses.of(each); });
  return found;
}
at::Tensor addresses_of(const RowAddresses& addresses) {
  return addresses_of(addresses, at::arange(addresses.ids(), at::kLong));
}

}  // namespace

TrainedRows::TrainedRows(const Checkpoint& checkpoint, std::shared_ptr<CopiedTables> tables,
                         const std::function<RowAddresses(IdsOf)>& addresses_of)
    : files_(checkpoint.files.value()), best_(checkpoint.has_best()), tables_(std::move(tables)) {
  if (tables_->list().size() != tables_->names().size())
    throw DataError("the checkpoint has sharded tables that the model has not");
  for (const auto& table : tables_->list()) {
    if (kind_of(table) == kinds_.size()) {
      kinds_.push_back({table.ids_of, table.ids});
      addresses_.push_back(addresses_of(table.ids_of));
    }
    const auto& saved = table_in(files_.manifest, table);
    const auto& addresses = addresses_[kind_of(table)];
    const bool same_kind = saved.grows() == (addresses.names() != nullptr);
    if (!same_kind || addresses.ids() != table.ids || (!saved.grows() && saved.rows != addresses.run_rows()))
      throw DataError(fmt::format("the checkpoint's table '{}' is of other ids than the model's", table.name));
  }
}

std::size_t TrainedRows::kind_of(const CopiedTables::Table& table) const {
  return static_cast<std::size_t>(
      std::find_if(kinds_.begin(), kinds_.end(), [&](const auto& kind) { return kind.ids_of == table.ids_of; }) -
      kinds_.begin());
}

// Of each table those at addresses of its kind, which lie in `shards`: [n, width].
std::vector<at::Tensor> TrainedRows::read(const std::vector<at::Tensor>& addresses, ShardRange shards,
                                          const std::filesystem::path& spill) const {
  std::vector<std::vector<at::Tensor>> positions;  // by kind and shard
  for (std::size_t kind = 0; kind < kinds_.size(); ++kind)
    positions.push_back(by_shard(addresses_[kind], addresses[kind]));
  std::vector<at::Tensor> rows;
  for (const auto& table : tables_->list())
    rows.push_back(zeroed_rows(addresses[kind_of(table)].numel(), table.width, spill));
  for (auto number = shards.first; number < shards.end(); ++number) put_shard(number, addresses, positions, rows);
  return rows;
}

void TrainedRows::put_shard(std::int64_t number, const std::vector<at::Tensor>& addresses,
                            const std::vector<std::vector<at::Tensor>>& positions,
                            const std::vector<at::Tensor>& rows) const {
  const auto in_shard = [&](std::size_t kind) { return positions[kind][static_cast<std::size_t>(number)]; };
  std::optional<Checkpoint> saved;  // which is read if anybody wants something of it
  for (std::size_t t = 0; t < rows.size(); ++t) {
    const auto& table = tables_->list()[t];
    const auto kind = kind_of(table);
    const auto where = in_shard(kind);
    if (where.numel() == 0) continue;
    if (!saved) saved = read_shard(files_, number);
    put_rows(rows[t], where,
             saved_rows(*saved, table.name, best_, addresses[kind].index_select(0, where), addresses_[kind].names()));
  }
}

TrainedRows::Wanted TrainedRows::wanted(const std::vector<at::Tensor>& ids, int ranks) const {
  Wanted wanted;
  for (std::size_t kind = 0; kind < kinds_.size(); ++kind) {
    const auto distinct = distinct_places({ids[kind]}, [&](auto id) { return addresses_[kind].of(id); });
    wanted.rows.push_back({distinct.places, addresses_[kind].of_ranks(ranks)});
    wanted.places.push_back(distinct.positions[0]);
  }
  return wanted;
}

void TrainedRows::copy(const std::vector<at::Tensor>& ids, Communicator& group,
                       const std::filesystem::path& spill) const {
  if (kinds_.empty()) return;
  if (group.size() == 1) return copy_alone(ids, spill);
  const auto [rows_wanted, places] = wanted(ids, group.size());
  const RowExchange exchange(rows_wanted, group);
  std::vector<RowsOfList> asked;
  agree(group, [&] {
    std::vector<at::Tensor> addresses;
    for (std::size_t kind = 0; kind < kinds_.size(); ++kind) addresses.push_back(exchange.asked(kind));
    const auto rows = read(addresses, shards_of(group.rank(), group.size()), {});
    for (std::size_t t = 0; t < rows.size(); ++t) asked.push_back({kind_of(tables_->list()[t]), rows[t]});
  });
  const auto fetched = exchange.fetch(asked, group);
  for (std::size_t t = 0; t < fetched.size(); ++t) {
    const auto kind = asked[t].list;
    tables_->hold(tables_->list()[t].name, ids[kind], fetched[t].index_select(0, places[kind]));
  }
}

void TrainedRows::copy_alone(const std::vector<at::Tensor>& ids, const std::filesystem::path& spill) const {
  std::vector<at::Tensor> addresses;
  for (std::size_t kind = 0; kind < kinds_.size(); ++kind)
    addresses.push_back(ids[kind].defined() ? addresses_of(addresses_[kind], ids[kind])
                                            : addresses_of(addresses_[kind]));
  const auto rows = read(addresses, {}, spill);
  for (std::size_t t = 0; t < rows.size(); ++t) {
    const auto& table = tables_->list()[t];
    tables_->hold(table.name, ids[kind_of(table)], rows[t]);
  }
}

void TrainedRows::copy_all(const std::filesystem::path& spill) const {
  copy_alone(std::vector<at::Tensor>(kinds_.size()), spill);
}

void TrainedRows::add_to(Digest& digest, const std::filesystem::path& spill) const {
  const auto add = [&](const at::Tensor& rows) { digest.add(rows.const_data_ptr<float>(), rows.nbytes()); };
  std::vector<at::Tensor> by_ids;
  if (std::none_of(addresses_.begin(), addresses_.end(), [](const auto& each) { return each.names(); })) {
    std::vector<at::Tensor> addresses;
    for (const auto& of_kind : addresses_) addresses.push_back(addresses_of(of_kind.of_run()));
    by_ids = read(addresses, {}, spill);
  }
  for (const auto& name : names_of_tables(files_.manifest.tables)) {
    digest.add(name.data(), name.size());
    for (std::size_t t = 0; t < by_ids.size(); ++t)
      if (tables_->list()[t].name == name) add(by_ids[t]);
    for (std::int64_t number = 0; number < kVirtualShards && by_ids.empty(); ++number)
      add(rows_of_shard(read_shard(files_, number), name, best_).values);
  }
}

}  // namespace warmstart
