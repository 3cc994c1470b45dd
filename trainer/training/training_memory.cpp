#include "trainer/training/training_memory.h"

#include <fmt/format.h>

#include <numeric>

#include "base/host.h"
#include "trainer/learner/memory_estimate.h"

namespace warmstart {
namespace {

constexpr double kVectorsOfTraining = 4;  // the parameters, their gradient and its two moments

}  // namespace

void require_training_memory(const Learner& learner, const TrainOptions& options) {
  const double count = learner.parameters().count() + learner.sharded_tables().count_in_memory(),
               tasks = static_cast<double>(options.tasks);
  const auto& network = learner.options().network;
  require_memory(
      kBytesOfValue * kVectorsOfTraining * count,
      fmt::format("{}: the {:.4g} parameters, their gradient and two moments", widths(learner.options()), count));
  require_memory(tasks * sizeof(Episode), fmt::format("train.tasks = {}: the plan of a meta-step", options.tasks));
  // A support row and a query row of each task, with what the network makes of them.
  const double width = static_cast<double>(network.embedding + learner.network().features() + 1) +
                       std::accumulate(network.tower.begin(), network.tower.end(), 0.0);
  require_memory(2 * kBytesOfValue * width * tasks / static_cast<double>(options.microbatches),
                 fmt::format("train.tasks = {}, train.microbatches = {}: the activations of a microbatch",
                             options.tasks, options.microbatches));
}

}  // namespace warmstart
