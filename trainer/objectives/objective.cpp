#include "trainer/objectives/objective.h"

#include <ATen/ATen.h>

#include "trainer/objectives/binary.h"
#include "trainer/objectives/squared.h"

namespace warmstart {

std::unique_ptr<Objective> make_objective(const ObjectiveOptions& options) {
  if (options.kind == ObjectiveKind::kBinary) return std::make_unique<Binary>();
  return std::make_unique<Squared>(options.absolute);
}

at::Tensor mean_over_rows(const at::Tensor& losses, const at::Tensor& mask) {
  return (losses * mask).sum(1) / mask.sum(1);
}

}  // namespace warmstart
