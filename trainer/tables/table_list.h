#pragma once

#include <memory>
#include <optional>

#include "trainer/layers/table_declaration.h"
#include "trainer/tables/growing_rows.h"

namespace warmstart {

// Rows of growing tables as they were at some time, in the order of addresses, those of one virtual shard after those
// of another: each has at least the row that its keys share.
struct ListedRows {
  std::vector<std::int64_t> counts;  // of each shard
  std::vector<GrowingRows::Row> rows;
};

// Sharded tables with ids of one kind, whose rows lie at the same places.
class TableList {
 public:
  // It grows where the pools have rows.
  TableList(IdsOf ids_of, std::int64_t ids, std::vector<RowPool> pools, ShardRange shards);

  IdsOf ids_of() const { return ids_of_; }
  std::int64_t ids() const { return ids_; }
  bool grows() const { return growing_.has_value(); }
  // That there can be, without the shared ones.
  std::int64_t most_rows() const { return most_rows_; }
  const RowPlaces& places() const { return places_; }
  std::int64_t held() const { return places_.per_shard() * shards_.count; }  // places

  // What the ids of the present data set stand for; where tables grow, before anybody looks something up.
  void name(std::shared_ptr<const RowNames> names);
  const RowNames& names() const;

  // What ranks know a row by: where tables grow, the address of its key; else its place.  Those of a rank lie side by
  // side; where each rank's begin: [ranks + 1].
  std::int64_t address_of(std::int64_t id) const { return growing_ ? names().address(id) : places_.place_of(id); }
  std::vector<std::int64_t> addresses_of_ranks(int ranks) const;

  // Where among those held the rows of addresses of this rank's shards lie; several keys may share one.
  at::Tensor places_of(const at::Tensor& addresses) const;

  GrowingRows& growing() { return *growing_; }
  const GrowingRows& growing() const { return *growing_; }
  ListedRows listed() const;
  // Takes rows of the shards held back.
  void restore(const ListedRows& rows);
  at::Tensor places_of(const ListedRows& rows) const;

 private:
  IdsOf ids_of_;
  std::int64_t ids_, most_rows_;
  ShardRange shards_;
  RowPlaces places_;
  std::optional<GrowingRows> growing_;
  std::shared_ptr<const RowNames> names_;
};

// As checkpoints name them.
const char* name_of(IdsOf ids);

}  // namespace warmstart
