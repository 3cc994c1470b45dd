#include "trainer/training/microbatch_size.h"

#include <ATen/ATen.h>

namespace warmstart {
namespace {

// Multiply-adds of a microbatch's pass up to which calling the operators costs as much as they do.
constexpr double kSmallMicrobatch = 1e8;

}  // namespace

bool microbatches_go_together(const Learner& model, const TrainOptions& options) {
  // Batched products on a GPU may choose another way by the number of tasks, which would change their bits.
  if (!model.parameters().flat().is_cpu()) return false;
  const auto tasks = static_cast<double>(options.tasks / options.microbatches);
  const auto rows = static_cast<double>(options.episode.support_max + options.episode.query_max);
  return tasks * rows * model.multiply_adds() <= kSmallMicrobatch;
}

}  // namespace warmstart
