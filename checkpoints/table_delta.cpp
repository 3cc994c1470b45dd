#include "checkpoints/table_delta.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <numeric>
#include <span>
#include <utility>

#include "base/errors.h"
#include "checkpoints/zeroed_rows.h"

namespace warmstart {
namespace {

namespace fs = std::filesystem;

TableShards* find(std::vector<TableShards>& tables, const std::string& name) {
  const auto found = std::find_if(tables.begin(), tables.end(), [&](const auto& table) { return table.name == name; });
  return found == tables.end() ? nullptr : &*found;
}

// The base's table `name` for the changes of a delta's.
TableShards& base_of(std::vector<TableShards>& whole, const std::string& name, const TableShards& changes,
                     const fs::path& folder) {
  auto* table = find(whole, name);
  if (table == nullptr || table->rows != changes.rows || table->width != changes.width ||
      table->ids_of != changes.ids_of)
    throw DataError(fmt::format("{}: has no table '{}' for the delta to it", folder.string(), name));
  return *table;
}

const at::Tensor& array_of(const TableShards& base, const std::string& name, const at::Tensor& like,
                           const fs::path& folder) {
  const auto found = base.arrays.find(name);
  if (found == base.arrays.end() || found->second.sizes().slice(1) != like.sizes().slice(1) ||
      found->second.scalar_type() != like.scalar_type())
    throw DataError(fmt::format("{}: '{}/{}' is not in what the delta rests on", folder.string(), base.name, name));
  return found->second;
}

// Where the rows of a delta lie among those of all its shards.
at::Tensor places_in(const TableShards& changes, const fs::path& folder) {
  const auto per_shard = RowPlaces(changes.rows).per_shard();
  const auto found = changes.arrays.find(kTablePlaces);
  const bool sound = found != changes.arrays.end() && found->second.scalar_type() == at::kLong &&
                     (found->second.numel() == 0 || (found->second.min().item<std::int64_t>() >= 0 &&
                                                     found->second.max().item<std::int64_t>() < per_shard));
  if (!sound) throw DataError(fmt::format("{}: '{}' has rows without a place", folder.string(), changes.name));
  const auto shards = at::arange(std::ssize(changes.counts), at::kLong) * per_shard;
  return found->second + at::repeat_interleave(shards, at::tensor(changes.counts, at::kLong));
}

// Where the best values are newer than the base, the rows that have not changed since it have the base's values.
TableShards fixed_with_changes(TableShards whole, const TableShards& changes, const fs::path& folder,
                               const fs::path& spill) {
  const auto places = places_in(changes, folder);
  if (changes.arrays.contains(kBestTableValues) && whole.arrays.contains(kTableValues))
    whole.arrays[kBestTableValues] = copied_rows(whole.arrays.at(kTableValues), spill);
  for (const auto& [name, rows] : changes.arrays) {
    if (name == kTablePlaces) continue;
    auto to = array_of(whole, name, rows, folder);
    to.index_copy_(0, places, rows);
  }
  return whole;
}

// Where the rows of growing tables come from, shard by shard in the order of their addresses.
struct RowSources {
  std::int64_t of_base;              // rows of the base's tables
  std::vector<std::int64_t> counts;  // of the rows that come of it
  std::vector<std::int64_t> from;    // a row of the base, or, from `of_base` on, of the delta
};

using Addresses = std::span<const std::int64_t>;

// The addresses of a table, by shard.
class ShardAddresses {
 public:
  ShardAddresses(const TableShards& table, const fs::path& folder) : counts_(table.counts) {
    const auto found = table.arrays.find(kTableAddress);
    const auto rows = std::accumulate(counts_.begin(), counts_.end(), std::int64_t{0});
    if (found == table.arrays.end() || found->second.scalar_type() != at::kLong || found->second.numel() != rows)
      throw DataError(fmt::format("{}: '{}' has no address for each row", folder.string(), table.name));
    all_ = {found->second.const_data_ptr<std::int64_t>(), static_cast<std::size_t>(rows)};
  }
  std::size_t shards() const { return counts_.size(); }
  std::int64_t rows() const { return std::ssize(all_); }
  // Those of the next shard, and its first row.
  std::pair<Addresses, std::int64_t> next() {
    const auto first = taken_, count = counts_[shard_++];
    taken_ += count;
    return {all_.subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(count)), first};
  }

 private:
  std::vector<std::int64_t> counts_;
  Addresses all_;
  std::size_t shard_ = 0;
  std::int64_t taken_ = 0;
};

// Adds the rows of one shard: those of the base at the addresses that are kept, and the changed ones.
bool add_shard(ShardAddresses& base, ShardAddresses& kept, ShardAddresses& changed, RowSources& sources) {
  const auto [of_base, first_of_base] = base.next();
  const auto [of_kept, ignored] = kept.next();
  const auto [of_changed, first_changed] = changed.next();
  std::vector<std::pair<std::int64_t, std::int64_t>> rows;  // addresses and sources
  rows.reserve(of_kept.size() + of_changed.size());
  for (const auto address : of_kept) {
    const auto found = std::lower_bound(of_base.begin(), of_base.end(), address);
    if (found == of_base.end() || *found != address) return false;
    rows.emplace_back(address, first_of_base + (found - of_base.begin()));
  }
  for (std::size_t i = 0; i < of_changed.size(); ++i)
    rows.emplace_back(of_changed[i], sources.of_base + first_changed + static_cast<std::int64_t>(i));
  std::sort(rows.begin(), rows.end());
  for (const auto& [address, source] : rows) sources.from.push_back(source);
  sources.counts.push_back(std::ssize(rows));
  const auto twice = [](const auto& a, const auto& b) { return a.first == b.first; };
  return std::adjacent_find(rows.begin(), rows.end(), twice) == rows.end();
}

RowSources sources_of(const TableShards& changes, std::vector<TableShards>& delta, std::vector<TableShards>& whole,
                      const fs::path& folder) {
  const auto refuse = [&](const char* why) {
    throw DataError(fmt::format("{}: the delta to it has '{}', which {}", folder.string(), changes.name, why));
  };
  const auto* kept = find(delta, kept_rows(changes.name));
  if (kept == nullptr) refuse("does not tell which rows are kept");
  ShardAddresses of_base(base_of(whole, changes.base, changes, folder), folder), of_kept(*kept, folder);
  ShardAddresses changed(changes, folder);
  if (of_base.shards() != changed.shards() || of_kept.shards() != changed.shards()) refuse("is of other shards");
  RowSources sources = {of_base.rows(), {}, {}};
  for (std::size_t shard = 0; shard < changed.shards(); ++shard)
    if (!add_shard(of_base, of_kept, changed, sources)) refuse("has rows twice, or keeps some that are not there");
  return sources;
}

template <typename T>
void copy_rows(const at::Tensor& base, const at::Tensor& changed, const RowSources& sources, const at::Tensor& to) {
  const auto width = to.dim() == 1 ? 1 : to.size(1);
  auto* row = to.mutable_data_ptr<T>();
  for (const auto from : sources.from) {
    const auto* source = from < sources.of_base ? base.const_data_ptr<T>() + from * width
                                                : changed.const_data_ptr<T>() + (from - sources.of_base) * width;
    row = std::copy_n(source, width, row);
  }
}

at::Tensor joined(const at::Tensor& base, const at::Tensor& changed, const RowSources& sources, const fs::path& spill) {
  const auto rows = std::ssize(sources.from);
  if (changed.scalar_type() == at::kLong) {
    auto to = at::empty({rows}, at::kLong);
    copy_rows<std::int64_t>(base, changed, sources, to);
    return to;
  }
  auto to = zeroed_rows(rows, changed.size(1), spill);
  copy_rows<float>(base, changed, sources, to);
  return to;
}

std::vector<std::string> joined_names(const TableShards& base, const TableShards& changes, const RowSources& sources) {
  std::vector<std::string> names;
  names.reserve(sources.from.size());
  for (const auto from : sources.from)
    names.push_back(from < sources.of_base ? base.names[static_cast<std::size_t>(from)]
                                           : changes.names[static_cast<std::size_t>(from - sources.of_base)]);
  return names;
}

TableShards growing_with_changes(const TableShards& base, TableShards changes, const RowSources& sources,
                                 const fs::path& folder, const fs::path& spill) {
  const auto changed_rows = std::accumulate(changes.counts.begin(), changes.counts.end(), std::int64_t{0});
  const auto refuse = [&] {
    throw DataError(fmt::format("{}: the delta to it has '{}' for other rows", folder.string(), changes.name));
  };
  if (!changes.names.empty()) {
    if (std::ssize(base.names) != sources.of_base) refuse();
    changes.names = joined_names(base, changes, sources);
  }
  for (auto& [name, rows] : changes.arrays) {
    const auto& of_base = array_of(base, name, rows, folder);
    if (of_base.size(0) != sources.of_base || rows.size(0) != changed_rows) refuse();
    rows = joined(of_base, rows, sources, spill);
  }
  changes.counts = sources.counts;
  changes.base.clear();
  return changes;
}

}  // namespace

std::vector<TableShards> with_changes(std::vector<TableShards> whole, std::vector<TableShards> delta,
                                      const fs::path& folder, const fs::path& spill) {
  std::map<std::string, RowSources> sources;  // by index
  for (const auto& table : delta)
    if (!table.base.empty() && table.index == table.name)
      sources.emplace(table.name, sources_of(table, delta, whole, folder));
  std::vector<TableShards> joined;
  for (auto& table : delta) {
    const bool tells_rows = table.grows() && table.name.ends_with(kept_rows(""));
    if (!table.grows()) {
      joined.push_back(fixed_with_changes(std::move(base_of(whole, table.name, table, folder)), table, folder, spill));
    } else if (!table.base.empty()) {
      const auto of = sources.find(table.index);
      if (of == sources.end() || std::ssize(of->second.counts) != std::ssize(table.counts))
        throw DataError(fmt::format("{}: the delta to it has '{}' without an index", folder.string(), table.name));
      const auto& base = base_of(whole, table.base, table, folder);
      joined.push_back(growing_with_changes(base, std::move(table), of->second, folder, spill));
    } else if (!tells_rows) {
      joined.push_back(std::move(table));
    }
  }
  // Those that are as they were.
  for (auto& table : whole)
    if (table.grows() && find(joined, table.name) == nullptr) joined.push_back(std::move(table));
  return joined;
}

}  // namespace warmstart
