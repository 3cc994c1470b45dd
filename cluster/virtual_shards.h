// How the rows of a sharded table are spread over ranks: by virtual shards, whose number no number of ranks changes.
//
// Of each 64 ids in a row every shard has one, which one by a hash, so that neither a run of popular ids nor ids in
// steps pile up on a shard.  A rank holds an aligned block of shards, one after the other: a place among all shards
// tells the rank, too.

#pragma once

#include <cstdint>
#include <vector>

namespace warmstart {

constexpr std::int64_t kVirtualShards = 64;

// Shards [first, first + count).
struct ShardRange {
  std::int64_t first = 0, count = kVirtualShards;
  std::int64_t end() const { return first + count; }
};

// Those of `rank`, of kVirtualShards ranks at most.
ShardRange shards_of(int rank, int ranks);

// The places of a table's rows.
class RowPlaces {
 public:
  explicit RowPlaces(std::int64_t rows) : per_shard_((rows + kVirtualShards - 1) / kVirtualShards), rows_(rows) {}

  // Places of a shard; the last of some belong to no row.
  std::int64_t per_shard() const { return per_shard_; }
  std::int64_t first(std::int64_t shard) const { return shard * per_shard_; }

  std::int64_t place_of(std::int64_t id) const {
    const auto group = id / kVirtualShards;
    return ((id ^ hash(group)) % kVirtualShards) * per_shard_ + group;
  }
  // -1 where the place belongs to no row.
  std::int64_t id_of(std::int64_t place) const {
    const auto shard = place / per_shard_, group = place % per_shard_;
    const auto id = group * kVirtualShards + ((shard ^ hash(group)) % kVirtualShards);
    return id < rows_ ? id : -1;
  }

  // Where each rank's places begin, and behind the last one's: [ranks + 1].
  std::vector<std::int64_t> of_ranks(int ranks) const;

 private:
  // The six upper bits of a product with 2^64 / the golden ratio (Knuth, The Art of Computer Programming 3, 6.4).
  static std::int64_t hash(std::int64_t group) {
    return static_cast<std::int64_t>((static_cast<std::uint64_t>(group) * 0x9E3779B97F4A7C15ULL) >> 58);
  }

  std::int64_t per_shard_, rows_;
};

}  // namespace warmstart
