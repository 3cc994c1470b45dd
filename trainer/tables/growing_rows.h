#pragma once

#include <tsl/robin_map.h>

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cluster/virtual_shards.h"
#include "trainer/tables/growth.h"
#include "trainer/tables/row_names.h"

namespace warmstart {

// Which keys have rows of growing tables, in the virtual shards that a rank holds.  Each shard has places for its share
// of each pool's rows, and one more, its first: the row that its keys share until they have their own.  Keys that are
// seen often enough get a row when the step ends, those of a pool in the order of their addresses; where the shard's
// share of the pool is full, a sixteenth of its rows go first, the least recent or the least frequent, but none that
// this very step has seen.  What happens in a shard is a function of the steps alone, whichever rank holds it.
class GrowingRows {
 public:
  struct Row {
    std::int64_t address;
    std::int64_t sightings = 0, last_seen = 0;  // steps are counted from 1
    std::string name = {};
  };
  struct Waiting {
    std::int64_t address, sightings;
    std::size_t pool = 0;
  };
  // Of one shard.  Rows and keys that wait are in the order of addresses; the first row is the shared one.
  struct Content {
    std::vector<Row> rows;
    std::vector<Waiting> waiting;
    std::vector<GrowthTotals> pools;
  };

  // The first pool is that of all keys that no other one is for.
  GrowingRows(std::vector<RowPool> pools, ShardRange shards);

  // Those of a shard.
  std::int64_t places() const { return per_shard_; }

  const std::vector<RowPool>& pools() const { return pools_; }
  // A key's pool follows from its name; that of an address is known where one of the ids has it, or there is one pool.
  std::size_t pool_of(const std::string& name) const;
  std::optional<std::size_t> pool_of(std::int64_t address, const RowNames& names) const;
  // A pool of which these rows of one shard, the shared one first, are more than it has places for.
  std::optional<std::size_t> overfull_pool(std::span<const Row> rows) const;

  // Where among those held the row of a key of these shards lies: its own, or the shared one.
  std::int64_t place_of(std::int64_t address) const;

  // Notes that the present step has looked a key up, which is one of `names`.
  void see(std::int64_t address, std::int64_t sightings, std::int64_t step, const RowNames& names);

  // Gives keys rows.  Returns the places that have got one, shard by shard; a place may have had another key before.
  std::vector<std::int64_t> end_step(std::int64_t step, const RowNames& names);
  const Row& row_at(std::int64_t place) const;

  // A shard, counted among those held, and the places of its rows; and rows as they were, with places of their own.
  Content content(std::int64_t shard) const;
  std::vector<std::int64_t> places_of(const std::vector<Row>& rows) const;
  void restore(std::int64_t shard, Content content);
  GrowthReport totals() const;
  // As if all rows had last been seen before the first step.
  void forget_steps();

 private:
  struct Pool {
    std::vector<Row> rows = {};  // by place; one without a key has a negative address
    std::vector<std::int64_t> free = {};
    tsl::robin_map<std::int64_t, std::int64_t> waiting = {};
    std::vector<std::int64_t> ready = {};  // to be admitted, at the end of this step
    std::int64_t admitted = 0, evicted = 0;
  };
  struct Shard {
    Row shared = {.address = 0};
    std::vector<Pool> pools = {};
    tsl::robin_map<std::int64_t, std::int64_t> place = {};  // in the shard
  };
  Shard& shard_of(std::int64_t address);
  const Shard& shard_of(std::int64_t address) const;
  std::int64_t share_of(std::size_t pool) const { return firsts_[pool + 1] - firsts_[pool]; }
  std::size_t pool_at(std::int64_t place_in_shard) const;
  static GrowthTotals totals_of(const Pool& pool);
  void admit(std::size_t shard, std::size_t pool, std::int64_t step, const RowNames& names,
             std::vector<std::int64_t>& places);
  bool make_room(Shard& shard, std::size_t pool, std::int64_t step) const;
  void evict(Shard& shard, std::size_t pool, std::int64_t step) const;
  void forget_rare(Shard& shard, std::size_t pool) const;
  std::int64_t put(Shard& shard, std::size_t pool, Row row) const;

  std::vector<RowPool> pools_;
  std::vector<std::int64_t> firsts_;  // where each pool's places begin in a shard, and behind the last one's
  std::int64_t per_shard_;
  ShardRange range_;
  std::vector<Shard> shards_;
};

// Places of each virtual shard that growing tables with these pools have.
std::int64_t places_of_shard(const std::vector<RowPool>& pools);

}  // namespace warmstart
