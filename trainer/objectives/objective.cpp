#include "trainer/objectives/objective.h"

#include <ATen/ATen.h>

#include "trainer/objectives/binary.h"
#include "trainer/objectives/classes.h"
#include "trainer/objectives/huber.h"
#include "trainer/objectives/listwise.h"
#include "trainer/objectives/pairwise.h"
#include "trainer/objectives/poisson.h"
#include "trainer/objectives/squared.h"

namespace warmstart {

std::unique_ptr<Objective> make_objective(const ObjectiveOptions& options) {
  if (options.kind == ObjectiveKind::kBinary) return std::make_unique<Binary>();
  if (options.kind == ObjectiveKind::kHuber) return std::make_unique<Huber>(options.huber_width);
  if (options.kind == ObjectiveKind::kPairwise) return std::make_unique<Pairwise>();
  if (options.kind == ObjectiveKind::kListwise) return std::make_unique<Listwise>(options.listwise_temperature);
  if (options.kind == ObjectiveKind::kClasses) return std::make_unique<Classes>(options.classes);
  if (options.kind == ObjectiveKind::kPoisson) return std::make_unique<Poisson>();
  return std::make_unique<Squared>(options.absolute);
}

at::Tensor mean_over_rows(const at::Tensor& losses, const at::Tensor& mask) {
  return (losses * mask).sum(1) / mask.sum(1).clamp_min(1.0);
}

at::Tensor mean_of_both(const at::Tensor& a, const at::Tensor& a_mask, const at::Tensor& b, const at::Tensor& b_mask,
                        double weight) {
  const auto a_rows = a_mask.sum(1), b_rows = weight * b_mask.sum(1);
  return (a * a_rows + b * b_rows) / (a_rows + b_rows);
}

}  // namespace warmstart
