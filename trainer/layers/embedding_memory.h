#pragma once

#include <ATen/core/Tensor.h>

#include "trainer/layers/inner_rule.h"

namespace warmstart {

// What a table of embeddings remembers.  Its key product, "how much of the same ids", does
// not change with the steps, so values add up.
class EmbeddingMemory {
 public:
  // D [T, S, out]; by field [T, S, F, out].
  void add(const at::Tensor& gradients, const at::Tensor& scale, const LayerRates& rates,
           const Microbatches& microbatches);
  // Takes a step of the pull, before its add().
  void pull(const at::Tensor& scale, const LayerRates& rates, const Microbatches& microbatches);
  // `same_ids` [T, R, S]: the product of two rows' id weights; by field [T, F, R, S].
  at::Tensor forward(const at::Tensor& same_ids, at::Tensor shared) const;

  const at::Tensor& values() const { return values_; }
  void restore(at::Tensor values) { values_ = std::move(values); }

 private:
  at::Tensor values_;  // [T, S, out]; by field [T, F, S, out]
};

}  // namespace warmstart
