#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/arange.h>

#include <memory>
#include <vector>

#include "cluster/virtual_shards.h"
#include "trainer/tables/row_names.h"

namespace warmstart {

// What a run's tables know a data set's ids of one kind by: where they grow, the addresses of keys; else the places of
// the run's own ids.
class RowAddresses {
 public:
  explicit RowAddresses(std::shared_ptr<const RowNames> names)
      : names_(std::move(names)), places_(0), ids_(names_->ids()), run_rows_(0) {}
  // `run_ids`, int64 [ids]: which of the run's `rows` is each id's; the run's vocabularies may be smaller.
  RowAddresses(at::Tensor run_ids, std::int64_t rows)
      : run_ids_(std::move(run_ids)), places_(rows), ids_(run_ids_.numel()), run_rows_(rows) {}

  std::int64_t ids() const { return ids_; }
  std::int64_t run_rows() const { return run_rows_; }  // 0 where tables grow
  std::int64_t of(std::int64_t id) const {
    return names_ ? names_->address(id) : places_.place_of(run_ids_.const_data_ptr<std::int64_t>()[id]);
  }
  std::int64_t shard_of(std::int64_t address) const {
    return names_ ? shard_of_address(address) : address / places_.per_shard();
  }
  // Where each rank's begin, and behind the last one's: [ranks + 1].
  std::vector<std::int64_t> of_ranks(int ranks) const {
    return names_ ? addresses_of_ranks(ranks) : places_.of_ranks(ranks);
  }
  // The same of the run's own ids, where tables do not grow.
  RowAddresses of_run() const { return {at::arange(run_rows_, at::kLong), run_rows_}; }
  const RowNames* names() const { return names_.get(); }  // null where tables do not grow

 private:
  std::shared_ptr<const RowNames> names_;
  at::Tensor run_ids_;
  RowPlaces places_;
  std::int64_t ids_, run_rows_;
};

}  // namespace warmstart
