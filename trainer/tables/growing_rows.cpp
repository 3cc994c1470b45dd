#include "trainer/tables/growing_rows.h"

#include <algorithm>
#include <tuple>

namespace warmstart {
namespace {

constexpr std::int64_t kEvictedShare = 16;  // one of so many rows goes at a time, so that looking for it costs little
constexpr std::int64_t kWaitingPerRow = 4;  // keys that wait, for each row that there can be
constexpr std::int64_t kNoKey = -1;

}  // namespace

GrowingRows::GrowingRows(const Growth& growth, ShardRange shards)
    : growth_(growth),
      per_shard_((growth.most_rows + kVirtualShards - 1) / kVirtualShards + 1),
      range_(shards),
      shards_(static_cast<std::size_t>(shards.count)) {
  for (std::int64_t shard = 0; shard < shards.count; ++shard)
    shards_[static_cast<std::size_t>(shard)].rows.push_back({.address = shared_address(shards.first + shard)});
}

GrowingRows::Shard& GrowingRows::shard_of(std::int64_t address) {
  return shards_[static_cast<std::size_t>(shard_of_address(address) - range_.first)];
}
const GrowingRows::Shard& GrowingRows::shard_of(std::int64_t address) const {
  return shards_[static_cast<std::size_t>(shard_of_address(address) - range_.first)];
}

std::int64_t GrowingRows::place_of(std::int64_t address) const {
  const auto& shard = shard_of(address);
  const auto found = shard.place.find(address);
  return (shard_of_address(address) - range_.first) * per_shard_ + (found == shard.place.end() ? 0 : found->second);
}

void GrowingRows::see(std::int64_t address, std::int64_t sightings, std::int64_t step) {
  if (is_shared(address)) return;
  auto& shard = shard_of(address);
  if (const auto found = shard.place.find(address); found != shard.place.end()) {
    auto& row = shard.rows[static_cast<std::size_t>(found->second)];
    row.sightings += sightings;
    row.last_seen = step;
    return;
  }
  auto& seen = shard.waiting[address];
  seen += sightings;
  if (seen >= growth_.admit) shard.ready.push_back(address);
}

std::vector<std::int64_t> GrowingRows::end_step(std::int64_t step, const RowNames& names) {
  std::vector<std::int64_t> places;
  for (std::size_t s = 0; s < shards_.size(); ++s) {
    auto& shard = shards_[s];
    std::sort(shard.ready.begin(), shard.ready.end());
    for (const auto address : shard.ready) {
      if (!make_room(shard, step)) break;
      const auto place = put(shard, {address, shard.waiting.at(address), step, names.name(names.id_of(address))});
      places.push_back(static_cast<std::int64_t>(s) * per_shard_ + place);
      shard.waiting.erase(address);
      ++shard.admitted;
    }
    shard.ready.clear();
    forget_rare(shard);
  }
  return places;
}

const GrowingRows::Row& GrowingRows::row_at(std::int64_t place) const {
  return shards_[static_cast<std::size_t>(place / per_shard_)].rows[static_cast<std::size_t>(place % per_shard_)];
}

bool GrowingRows::make_room(Shard& shard, std::int64_t step) const {
  if (shard.free.empty() && std::ssize(shard.rows) == per_shard_ && growth_.evict != Eviction::kNone)
    evict(shard, step);
  return !shard.free.empty() || std::ssize(shard.rows) < per_shard_;
}

void GrowingRows::evict(Shard& shard, std::int64_t step) const {
  std::vector<std::tuple<std::int64_t, std::int64_t, std::int64_t>> rows;  // what decides, address, place
  for (std::size_t place = 1; place < shard.rows.size(); ++place) {
    const auto& row = shard.rows[place];
    if (row.last_seen < step)
      rows.emplace_back(growth_.evict == Eviction::kLeastRecent ? row.last_seen : row.sightings, row.address, place);
  }
  const auto count = std::min<std::int64_t>(std::ssize(rows), (per_shard_ - 1 + kEvictedShare - 1) / kEvictedShare);
  std::nth_element(rows.begin(), rows.begin() + count, rows.end());
  for (std::int64_t i = 0; i < count; ++i) {
    const auto& [by, address, place] = rows[static_cast<std::size_t>(i)];
    shard.place.erase(address);
    shard.rows[static_cast<std::size_t>(place)] = {.address = kNoKey};
    shard.free.push_back(place);
  }
  shard.evicted += count;
}

// The half that has been seen least, once they are too many.
void GrowingRows::forget_rare(Shard& shard) const {
  if (static_cast<std::int64_t>(shard.waiting.size()) <= kWaitingPerRow * per_shard_) return;
  std::vector<std::pair<std::int64_t, std::int64_t>> keys;  // sightings, address
  keys.reserve(shard.waiting.size());
  for (const auto& [address, sightings] : shard.waiting) keys.emplace_back(sightings, address);
  const auto half = std::ssize(keys) / 2;
  std::nth_element(keys.begin(), keys.begin() + half, keys.end());
  for (std::int64_t i = 0; i < half; ++i) shard.waiting.erase(keys[static_cast<std::size_t>(i)].second);
}

std::int64_t GrowingRows::put(Shard& shard, Row row) {
  if (shard.free.empty()) {
    shard.free.push_back(std::ssize(shard.rows));
    shard.rows.emplace_back();
  }
  const auto place = shard.free.back();
  shard.free.pop_back();
  shard.place[row.address] = place;
  shard.rows[static_cast<std::size_t>(place)] = std::move(row);
  return place;
}

GrowingRows::Content GrowingRows::content(std::int64_t shard) const {
  const auto& of = shards_[static_cast<std::size_t>(shard)];
  Content content = {{}, {}, of.admitted, of.evicted};
  for (const auto& row : of.rows)
    if (row.address != kNoKey) content.rows.push_back(row);
  for (const auto& [address, sightings] : of.waiting) content.waiting.push_back({address, sightings});
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
  to = {.admitted = content.admitted, .evicted = content.evicted};
  to.rows.push_back(std::move(content.rows.front()));
  for (std::size_t row = 1; row < content.rows.size(); ++row) put(to, std::move(content.rows[row]));
  for (const auto& [address, sightings] : content.waiting) to.waiting[address] = sightings;
}

GrowthTotals GrowingRows::totals() const {
  GrowthTotals totals;
  for (const auto& shard : shards_) {
    totals.rows += static_cast<std::int64_t>(shard.place.size());
    totals.waiting += static_cast<std::int64_t>(shard.waiting.size());
    totals.admitted += shard.admitted;
    totals.evicted += shard.evicted;
  }
  return totals;
}

void GrowingRows::forget_steps() {
  for (auto& shard : shards_)
    for (auto& row : shard.rows) row.last_seen = 0;
}

}  // namespace warmstart
