#include "trainer/layers/embedding_memory.h"

#include <ATen/ATen.h>

#include "trainer/arithmetic/products.h"

namespace warmstart {

void EmbeddingMemory::add(const at::Tensor& gradients, const at::Tensor& scale, const LayerRates& rates,
                          const Microbatches& microbatches) {
  const bool by_field = gradients.dim() == 4;
  const auto of_rows = [&](const at::Tensor& of_tasks) { return by_field ? of_tasks.unsqueeze(1) : of_tasks; };
  const auto of_tasks = [&](const at::Tensor& rates) {
    return microbatches.for_tasks(rates, gradients.size(0)).unsqueeze(1);
  };
  const auto of_fields = by_field ? gradients.transpose(1, 2) : gradients;
  auto values = of_fields * of_rows(scale * -of_tasks(rates.step).unsqueeze(2));
  if (rates.output.defined()) values = values * of_rows(of_tasks(rates.output));
  values_ = values_.defined() ? values_ + values : values;
}

at::Tensor EmbeddingMemory::forward(const at::Tensor& same_ids, at::Tensor shared) const {
  if (!values_.defined()) return shared;
  const Products products(Precision::kFloat32);
  if (values_.dim() == 3) return products.baddbmm(shared, same_ids, values_);
  return products.bmm(same_ids, values_).transpose(1, 2) + shared;
}

}  // namespace warmstart
