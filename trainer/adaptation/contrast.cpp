#include "trainer/adaptation/contrast.h"

#include <ATen/ATen.h>

namespace warmstart {

at::Tensor contrastive_losses(const ContrastOptions& options, const at::Tensor& distances, const RowTensors& query,
                              const RowTensors& support) {
  const auto differences = (query.label.unsqueeze(2) - support.label.unsqueeze(1)).abs();
  const auto of_a_kind = differences.le(options.alike).to(distances.scalar_type());
  const auto pairs = query.mask.unsqueeze(2) * support.mask.unsqueeze(1);
  const auto costs = of_a_kind * distances + (1.0 - of_a_kind) * (options.margin - distances).clamp_min(0.0);
  return (pairs * costs).sum(2).sum(1) / pairs.sum(2).sum(1).clamp_min(1.0);
}

}  // namespace warmstart
