#include "trainer/layers/embedding_memory.h"

#include <ATen/ATen.h>

namespace warmstart {

void EmbeddingMemory::add(const at::Tensor& gradients, const at::Tensor& scale, const LayerRates& rates) {
  auto values = gradients * (scale * -rates.step);
  if (rates.output.defined()) values = values * rates.output;
  values_ = values_.defined() ? values_ + values : values;
}

at::Tensor EmbeddingMemory::forward(const at::Tensor& same_ids, at::Tensor shared) const {
  return values_.defined() ? at::baddbmm(shared, same_ids, values_) : shared;
}

}  // namespace warmstart
