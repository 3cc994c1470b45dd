#include "trainer/training/microbatch_form.h"

#include <ATen/ATen.h>

#include "data/batch.h"
#include "trainer/arithmetic/task_kernels.h"

namespace warmstart {
namespace {

// Multiply-adds of a microbatch's pass up to which calling the operators costs as much as they do.
constexpr double kSmallMicrobatch = 1e8;

}  // namespace

MicrobatchForm form_of_rank(const Learner& model, const Dataset& dataset, const TrainOptions& options, bool on_cpu) {
  // Other products than the task kernels' may take another way by the number of tasks, or by where a task's matrices
  // begin, which would change their bits.
  const bool by_task_kernels = on_cpu && has_task_kernels();
  if (!by_task_kernels || options.precision == Precision::kBfloat16) return MicrobatchForm::kOneByOne;
  // What inner steps change of heads has no way back to the rows.
  const bool reaches_rows = options.outer.update == OuterUpdate::kQueryLoss;
  if (reaches_rows && model.encodes_rows_once() && rows_are_entities(dataset.schema()))
    return MicrobatchForm::kSharedRows;
  const auto tasks = static_cast<double>(options.tasks) / static_cast<double>(options.microbatches);
  const auto rows = static_cast<double>(options.episode.most_rows());
  return tasks * rows * model.multiply_adds() <= kSmallMicrobatch ? MicrobatchForm::kTogether
                                                                  : MicrobatchForm::kOneByOne;
}

MicrobatchForm microbatch_form(const Learner& model, const Dataset& dataset, const TrainOptions& options,
                               Communicator& group) {
  // Ranks on other processors may have no task kernels, and all must make the same collective calls.
  const auto own = static_cast<std::int64_t>(form_of_rank(model, dataset, options, model.parameters().flat().is_cpu()));
  return static_cast<MicrobatchForm>(group.gather_slices(at::full({1}, own, at::kLong)).min().item<std::int64_t>());
}

}  // namespace warmstart
