#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <string>

#include "trainer/arithmetic/microbatches.h"
#include "trainer/layers/embedding_source.h"

namespace warmstart {

// What gradients are found of: the parameters, or each microbatch's share of them.
enum class Leaves { kParameters, kMicrobatches };

// Rows [n, width] of a lookup's ids, by table.
using FetchedRows = std::map<std::string, at::Tensor>;

// A model's parameters as the M microbatches of a batch see them: [M, ..], the same values for all.  Where microbatches
// have leaves of their own, one pass back finds the gradient of each, as if each had been computed alone.
class BatchParameters {
 public:
  // What was used of a parameter, [M, ..]; or of a table: rows [n, width], which belong to the ids of `lookup`.
  struct Leaf {
    at::Tensor value;
    IdLookup lookup;
    bool is_table = false;
  };

  // `parameters` and `tables` outlive it.  `fetched`: the rows of the batch's lookup of some tables, whoever had them.
  BatchParameters(const Parameters& parameters, const EmbeddingSource& tables, Microbatches microbatches, Leaves leaves,
                  FetchedRows fetched = {});

  bool contains(const std::string& name) const { return parameters_.contains(name); }
  at::Tensor operator[](const std::string& name) const;  // [M, ..]

  // The rows of `table` that `lookup` asks for: [n, width].
  at::Tensor rows(const std::string& table, const IdLookup& lookup) const;

  // Its rows [.., width] of `ids` [..], as a request has them.
  at::Tensor embedding(const std::string& table, const at::Tensor& ids) const { return tables_.embedding(table, ids); }

  // [M] of the parameters' dtype and device.
  at::Tensor constant(double value) const;

  const Microbatches& microbatches() const { return microbatches_; }
  at::Tensor for_tasks(const at::Tensor& values, std::int64_t tasks) const {
    return microbatches_.for_tasks(values, tasks);
  }

  // What was used so far, by name.
  const std::map<std::string, Leaf>& used() const { return used_; }

 private:
  at::Tensor leaf(const at::Tensor& value) const;
  at::Tensor fetched(const std::string& table, const IdLookup& lookup) const;

  const Parameters& parameters_;
  const EmbeddingSource& tables_;
  Microbatches microbatches_;
  Leaves leaves_;
  FetchedRows fetched_;
  bool recorded_;  // whether autograd goes back to the parameters, whoever asks first
  mutable std::map<std::string, Leaf> used_;
};

}  // namespace warmstart
