#include "trainer/layers/embedding_memory.h"

#include <ATen/ATen.h>

#include "trainer/arithmetic/products.h"
#include "trainer/layers/linear.h"

namespace warmstart {
namespace {

// D with the curvature, to which fields are rows.
at::Tensor curved_by(const at::Tensor& gradients, const at::Tensor& curvature, const Microbatches& microbatches) {
  if (gradients.dim() == 3) return with_curvature(gradients, curvature, microbatches);
  if (!curvature.defined()) return gradients;
  return with_curvature(gradients.flatten(1, 2), curvature, microbatches).unflatten(1, {-1, gradients.size(2)});
}

}  // namespace

void EmbeddingMemory::add(const at::Tensor& gradients, const at::Tensor& scale, const LayerRates& rates,
                          const Microbatches& microbatches) {
  const bool by_field = gradients.dim() == 4;
  const auto of_rows = [&](const at::Tensor& of_tasks) { return by_field ? of_tasks.unsqueeze(1) : of_tasks; };
  const auto of_tasks = [&](const at::Tensor& rates) {
    return microbatches.for_tasks(rates, gradients.size(0)).unsqueeze(1);
  };
  const auto curved = curved_by(gradients, rates.output_curvature, microbatches);
  const auto of_fields = by_field ? curved.transpose(1, 2) : curved;
  auto values = of_fields * of_rows(scale * -of_tasks(rates.step).unsqueeze(2));
  if (rates.output.defined()) values = values * of_rows(of_tasks(rates.output));
  values_ = values_.defined() ? values_ + values : values;
}

void EmbeddingMemory::pull(const at::Tensor& scale, const LayerRates& rates, const Microbatches& microbatches) {
  if (const auto kept = kept_by_pull(rates, scale, microbatches); kept.defined() && values_.defined())
    values_ = values_ * (values_.dim() == 4 ? kept.unsqueeze(1) : kept);
}

at::Tensor EmbeddingMemory::forward(const at::Tensor& same_ids, at::Tensor shared) const {
  if (!values_.defined()) return shared;
  const Products products(Precision::kFloat32);
  if (values_.dim() == 3) return products.baddbmm(shared, same_ids, values_);
  return products.bmm(same_ids, values_).transpose(1, 2) + shared;
}

}  // namespace warmstart
