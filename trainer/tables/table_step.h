#pragma once

#include <optional>

#include "trainer/layers/batch_parameters.h"
#include "trainer/tables/row_gradients.h"

namespace warmstart {

// What a batch looks up, by the kind of ids.
struct BatchLookups {
  IdLookup keys, rows, tasks;
  const IdLookup& operator[](IdsOf ids) const {
    return ids == IdsOf::kKeys ? keys : ids == IdsOf::kRows ? rows : tasks;
  }
};

// A meta-step's way with sharded tables: the distinct rows that all of a rank's batches look up are fetched at once,
// and their gradients given back at once, each row's added over microbatches as the leaves of one binary tree
// (cluster/gradient_sum.h), in which a microbatch without the row is skipped.
class TableStep {
 public:
  // Collective.  The rank's batches, one after the other, have its microbatches; their lookups lie in host memory.
  // `tables` outlives it.
  TableStep(const ShardedTables& tables, std::vector<BatchLookups> batches, Communicator& group);

  // The rows of the ids of a batch's lookups.
  FetchedRows fetched(std::size_t batch, at::Device device) const;

  // Takes the gradient at a batch's fetched rows of a table.
  void give_back(std::size_t batch, const std::string& table, const at::Tensor& gradient);

  // Collective.  Of the rows that this rank holds; where tables grow, with the keys that were seen.
  struct Reduced {
    std::vector<RowGradient> gradients;
    std::vector<Sightings> sightings;
    // Of the ids that this rank's microbatches have looked up, those that it had looked up already in this step.
    double repeated_share = 0.0;
  };
  Reduced reduce(Communicator& group);

 private:
  struct List {
    std::vector<at::Tensor> in_wanted;  // for each batch, where each of its lookup's ids lies among the wanted rows
    IdLookup all_batches = {};          // the lookup of all batches among the wanted rows
    at::Tensor sightings = {};          // float32 [wanted, 1], where tables grow
  };
  at::Tensor sum_of_batches(std::size_t table) const;

  const ShardedTables& tables_;
  std::vector<BatchLookups> batches_;
  std::vector<List> lists_;
  double looked_up_ = 0.0, wanted_ = 0.0;  // ids, of all lists, and distinct ones
  std::optional<RowExchange> exchange_;
  std::vector<at::Tensor> rows_;                    // of each table, the wanted ones
  std::vector<std::vector<at::Tensor>> gradients_;  // of each table and batch
};

}  // namespace warmstart
