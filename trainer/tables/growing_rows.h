#pragma once

#include <tsl/robin_map.h>

#include <string>
#include <vector>

#include "cluster/virtual_shards.h"
#include "trainer/tables/growth.h"
#include "trainer/tables/row_names.h"

namespace warmstart {

// Which keys have rows of growing tables, in the virtual shards that a rank holds.  Each shard has places for its share
// of the rows, and one more, its first: the row that its keys share until they have their own.  Keys that are seen
// often enough get a row when the step ends, those of a shard in the order of their addresses; where the shard is full,
// a sixteenth of its rows go first, the least recent or the least frequent, but none that this very step has seen.
// What happens in a shard is a function of the steps alone, whichever rank holds it.
class GrowingRows {
 public:
  struct Row {
    std::int64_t address;
    std::int64_t sightings = 0, last_seen = 0;  // steps are counted from 1
    std::string name = {};
  };
  struct Waiting {
    std::int64_t address, sightings;
  };
  // Of one shard.  Rows and keys that wait are in the order of addresses; the first row is the shared one.
  struct Content {
    std::vector<Row> rows;
    std::vector<Waiting> waiting;
    std::int64_t admitted = 0, evicted = 0;  // so far
  };

  GrowingRows(const Growth& growth, ShardRange shards);

  // Those of a shard.
  std::int64_t places() const { return per_shard_; }

  // Where among those held the row of a key of these shards lies: its own, or the shared one.
  std::int64_t place_of(std::int64_t address) const;

  // Notes that the present step has looked a key up.
  void see(std::int64_t address, std::int64_t sightings, std::int64_t step);

  // Gives keys rows.  Returns the places that have got one, shard by shard; a place may have had another key before.
  std::vector<std::int64_t> end_step(std::int64_t step, const RowNames& names);
  const Row& row_at(std::int64_t place) const;

  // A shard, counted among those held, and the places of its rows; and rows as they were, with places of their own.
  Content content(std::int64_t shard) const;
  std::vector<std::int64_t> places_of(const std::vector<Row>& rows) const;
  void restore(std::int64_t shard, Content content);
  GrowthTotals totals() const;
  // As if all rows had last been seen before the first step.
  void forget_steps();

 private:
  struct Shard {
    std::vector<Row> rows = {};  // by place; one without a key has a negative address
    std::vector<std::int64_t> free = {};
    tsl::robin_map<std::int64_t, std::int64_t> place = {}, waiting = {};
    std::vector<std::int64_t> ready = {};  // to be admitted, at the end of this step
    std::int64_t admitted = 0, evicted = 0;
  };
  Shard& shard_of(std::int64_t address);
  const Shard& shard_of(std::int64_t address) const;
  bool make_room(Shard& shard, std::int64_t step) const;
  void evict(Shard& shard, std::int64_t step) const;
  void forget_rare(Shard& shard) const;
  static std::int64_t put(Shard& shard, Row row);

  Growth growth_;
  std::int64_t per_shard_;
  ShardRange range_;
  std::vector<Shard> shards_;
};

}  // namespace warmstart
