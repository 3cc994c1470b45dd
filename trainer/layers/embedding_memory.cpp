#include "trainer/layers/embedding_memory.h"

#include <ATen/ATen.h>

#include "trainer/arithmetic/products.h"
#include "trainer/layers/linear.h"

namespace warmstart {

void EmbeddingMemory::add(const at::Tensor& gradients, const at::Tensor& scale, const LayerRates& rates,
                          const Microbatches& microbatches) {
  const auto of_rows = [&](const at::Tensor& rates) {
    return microbatches.for_tasks(rates, gradients.size(0)).unsqueeze(1);
  };
  const auto curved = with_curvature(gradients, rates.output_curvature, microbatches);
  auto values = curved * (scale * -of_rows(rates.step).unsqueeze(2));
  if (rates.output.defined()) values = values * of_rows(rates.output);
  values_ = values_.defined() ? values_ + values : values;
}

void EmbeddingMemory::pull(const at::Tensor& scale, const LayerRates& rates, const Microbatches& microbatches) {
  if (const auto kept = kept_by_pull(rates, scale, microbatches); kept.defined() && values_.defined())
    values_ = values_ * kept;
}

at::Tensor EmbeddingMemory::forward(const at::Tensor& same_ids, at::Tensor shared) const {
  return values_.defined() ? Products(Precision::kFloat32).baddbmm(shared, same_ids, values_) : shared;
}

}  // namespace warmstart
