#include "trainer/tables/growing_rows.h"

#include <algorithm>
#include <tuple>

namespace warmstart {
namespace {

constexpr std::int64_t kEvictedShare = 16;  // one of so many rows goes at a time, so that looking for it costs little
constexpr std::int64_t kWaitingPerRow = 4;  // keys that wait, for each row that there can be
constexpr std::int64_t kNoKey = -1;

// Where each pool's places begin in a shard, behind the shared row's, and behind the last one's.
std::vector<std::int64_t> firsts_of(const std::vector<RowPool>& pools) {
  std::vector<std::int64_t> firsts = {1};
  for (const auto& pool : pools)
    firsts.push_back(firsts.back() + (pool.growth.most_rows + kVirtualShards - 1) / kVirtualShards);
  return firsts;
}

}  // namespace

std::int64_t places_of_shard(const std::vector<RowPool>& pools) { return firsts_of(pools).back(); }

GrowingRows::GrowingRows(std::vector<RowPool> pools, ShardRange shards)
    : pools_(std::move(pools)), firsts_(firsts_of(pools_)), per_shard_(firsts_.back()), range_(shards) {
  shards_.resize(static_cast<std::size_t>(shards.count));
  for (std::int64_t shard = 0; shard < shards.count; ++shard) {
    auto& made = shards_[static_cast<std::size_t>(shard)];
    made.shared.address = shared_address(shards.first + shard);
    made.pools.resize(pools_.size());
  }
}

GrowingRows::Shard& GrowingRows::shard_of(std::int64_t address) {
  return shards_[static_cast<std::size_t>(shard_of_address(address) - range_.first)];
}
const GrowingRows::Shard& GrowingRows::shard_of(std::int64_t address) const {
  return shards_[static_cast<std::size_t>(shard_of_address(address) - range_.first)];
}

std::size_t GrowingRows::pool_of(const std::string& name) const {
  for (std::size_t pool = 1; pool < pools_.size(); ++pool) {
    const auto& field = pools_[pool].field;
    if (name.size() > field.size() && name[field.size()] == '=' && name.starts_with(field)) return pool;
  }
  return 0;
}

std::optional<std::size_t> GrowingRows::pool_of(std::int64_t address, const RowNames& names) const {
  if (pools_.size() == 1) return 0;
  const auto id = names.id_of(address);
  return id < 0 ? std::nullopt : std::optional(pool_of(names.name(id)));
}

std::optional<std::size_t> GrowingRows::overfull_pool(std::span<const Row> rows) const {
  std::vector<std::int64_t> counts(pools_.size());
  for (const auto& row : rows.subspan(1)) ++counts[pool_of(row.name)];
  for (std::size_t pool = 0; pool < pools_.size(); ++pool)
    if (counts[pool] > share_of(pool)) return pool;
  return std::nullopt;
}

std::int64_t GrowingRows::place_of(std::int64_t address) const {
  const auto& shard = shard_of(address);
  const auto found = shard.place.find(address);
  return (shard_of_address(address) - range_.first) * per_shard_ + (found == shard.place.end() ? 0 : found->second);
}

std::size_t GrowingRows::pool_at(std::int64_t place) const {
  return static_cast<std::size_t>(std::upper_bound(firsts_.begin(), firsts_.end(), place) - firsts_.begin() - 1);
}

void GrowingRows::see(std::int64_t address, std::int64_t sightings, std::int64_t step, const RowNames& names) {
  if (is_shared(address)) return;
  auto& shard = shard_of(address);
  if (const auto found = shard.place.find(address); found != shard.place.end()) {
    const auto pool = pool_at(found->second);
    auto& row = shard.pools[pool].rows[static_cast<std::size_t>(found->second - firsts_[pool])];
    row.sightings += sightings;
    row.last_seen = step;
    return;
  }
  const auto of = pool_of(address, names).value();
  auto& pool = shard.pools[of];
  auto& seen = pool.waiting[address];
  seen += sightings;
  if (seen >= pools_[of].growth.admit) pool.ready.push_back(address);
}

std::vector<std::int64_t> GrowingRows::end_step(std::int64_t step, const RowNames& names) {
  std::vector<std::int64_t> places;
  for (std::size_t shard = 0; shard < shards_.size(); ++shard)
    for (std::size_t pool = 0; pool < pools_.size(); ++pool) {
      admit(shard, pool, step, names, places);
      forget_rare(shards_[shard], pool);
    }
  return places;
}

// Adds the places of the new rows to `places`.
void GrowingRows::admit(std::size_t shard, std::size_t pool, std::int64_t step, const RowNames& names,
                        std::vector<std::int64_t>& places) {
  auto& to = shards_[shard];
  auto& of = to.pools[pool];
  std::sort(of.ready.begin(), of.ready.end());
  for (const auto address : of.ready) {
    if (!make_room(to, pool, step)) break;
    const auto place = put(to, pool, {address, of.waiting.at(address), step, names.name(names.id_of(address))});
    places.push_back(static_cast<std::int64_t>(shard) * per_shard_ + place);
    of.waiting.erase(address);
    ++of.admitted;
  }
  of.ready.clear();
}

const GrowingRows::Row& GrowingRows::row_at(std::int64_t place) const {
  const auto& shard = shards_[static_cast<std::size_t>(place / per_shard_)];
  const auto in_shard = place % per_shard_;
  if (in_shard == 0) return shard.shared;
  const auto pool = pool_at(in_shard);
  return shard.pools[pool].rows[static_cast<std::size_t>(in_shard - firsts_[pool])];
}

bool GrowingRows::make_room(Shard& shard, std::size_t pool, std::int64_t step) const {
  const auto& of = shard.pools[pool];
  const bool is_full = of.free.empty() && std::ssize(of.rows) == share_of(pool);
  if (is_full && pools_[pool].growth.evict != Eviction::kNone) evict(shard, pool, step);
  return !of.free.empty() || std::ssize(of.rows) < share_of(pool);
}

void GrowingRows::evict(Shard& shard, std::size_t pool, std::int64_t step) const {
  auto& of = shard.pools[pool];
  const bool by_time = pools_[pool].growth.evict == Eviction::kLeastRecent;
  std::vector<std::tuple<std::int64_t, std::int64_t, std::size_t>> rows;  // what decides, address, place in the pool
  for (std::size_t place = 0; place < of.rows.size(); ++place) {
    const auto& row = of.rows[place];
    if (row.last_seen < step) rows.emplace_back(by_time ? row.last_seen : row.sightings, row.address, place);
  }
  const auto count = std::min<std::int64_t>(std::ssize(rows), (share_of(pool) + kEvictedShare - 1) / kEvictedShare);
  std::nth_element(rows.begin(), rows.begin() + count, rows.end());
  for (std::int64_t i = 0; i < count; ++i) {
    const auto& [by, address, place] = rows[static_cast<std::size_t>(i)];
    shard.place.erase(address);
    of.rows[place] = {.address = kNoKey};
    of.free.push_back(static_cast<std::int64_t>(place));
  }
  of.evicted += count;
}

// The half that has been seen least, once they are too many.
void GrowingRows::forget_rare(Shard& shard, std::size_t pool) const {
  auto& waiting = shard.pools[pool].waiting;
  if (static_cast<std::int64_t>(waiting.size()) <= kWaitingPerRow * (share_of(pool) + 1)) return;
  std::vector<std::pair<std::int64_t, std::int64_t>> keys;  // sightings, address
  keys.reserve(waiting.size());
  for (const auto& [address, sightings] : waiting) keys.emplace_back(sightings, address);
  const auto half = std::ssize(keys) / 2;
  std::nth_element(keys.begin(), keys.begin() + half, keys.end());
  for (std::int64_t i = 0; i < half; ++i) waiting.erase(keys[static_cast<std::size_t>(i)].second);
}

// Returns the row's place in the shard.
std::int64_t GrowingRows::put(Shard& shard, std::size_t pool, Row row) const {
  auto& of = shard.pools[pool];
  if (of.free.empty()) {
    of.free.push_back(std::ssize(of.rows));
    of.rows.emplace_back();
  }
  const auto place = of.free.back();
  of.free.pop_back();
  shard.place[row.address] = firsts_[pool] + place;
  of.rows[static_cast<std::size_t>(place)] = std::move(row);
  return firsts_[pool] + place;
}

GrowingRows::Content GrowingRows::content(std::int64_t shard) const {
  const auto& of = shards_[static_cast<std::size_t>(shard)];
  Content content = {{of.shared}, {}, {}};
  for (std::size_t p = 0; p < pools_.size(); ++p) {
    const auto& pool = of.pools[p];
    for (const auto& row : pool.rows)
      if (row.address != kNoKey) content.rows.push_back(row);
    for (const auto& [address, sightings] : pool.waiting) content.waiting.push_back({address, sightings, p});
    content.pools.push_back(totals_of(pool));
  }
  const auto by_address = [](const auto& a, const auto& b) { return a.address < b.address; };
  std::sort(content.rows.begin(), content.rows.end(), by_address);
  std::sort(content.waiting.begin(), content.waiting.end(), by_address);
  return content;
}

std::vector<std::int64_t> GrowingRows::places_of(const std::vector<Row>& rows) const {
  std::vector<std::int64_t> places;
  places.reserve(rows.size());
  for (const auto& row : rows) places.push_back(place_of(row.address));
  return places;
}

void GrowingRows::restore(std::int64_t shard, Content content) {
  auto& to = shards_[static_cast<std::size_t>(shard)];
  to = {std::move(content.rows.front()), std::vector<Pool>(pools_.size())};
  for (std::size_t row = 1; row < content.rows.size(); ++row) {
    const auto pool = pool_of(content.rows[row].name);
    put(to, pool, std::move(content.rows[row]));
  }
  for (const auto& [address, sightings, pool] : content.waiting) to.pools[pool].waiting[address] = sightings;
  for (std::size_t pool = 0; pool < pools_.size(); ++pool) {
    to.pools[pool].admitted = content.pools[pool].admitted;
    to.pools[pool].evicted = content.pools[pool].evicted;
  }
}

GrowthTotals GrowingRows::totals_of(const Pool& pool) {
  return {std::ssize(pool.rows) - std::ssize(pool.free), std::ssize(pool.waiting), pool.admitted, pool.evicted};
}

GrowthReport GrowingRows::totals() const {
  GrowthReport report;
  for (const auto& shard : shards_)
    for (std::size_t pool = 0; pool < pools_.size(); ++pool) {
      const auto totals = totals_of(shard.pools[pool]);
      report += totals;
      if (pool > 0) report.of_fields[pools_[pool].field] += totals;
    }
  return report;
}

void GrowingRows::forget_steps() {
  for (auto& shard : shards_) {
    shard.shared.last_seen = 0;
    for (auto& pool : shard.pools)
      for (auto& row : pool.rows) row.last_seen = 0;
  }
}

}  // namespace warmstart
