#include "data/episode_source.h"

#include "data/class_sampler.h"
#include "data/sampler.h"

namespace warmstart {

std::unique_ptr<EpisodeSource> make_episode_source(const Dataset& dataset, const EpisodeOptions& options,
                                                   std::uint64_t seed, std::int64_t tasks_per_step, int microbatches) {
  auto tasks = dataset.tasks_of(Split::kTrain);
  if (tasks_are_of_classes(dataset.schema()))
    return std::make_unique<ClassSampler>(dataset, std::move(tasks), options, seed, tasks_per_step, microbatches);
  return std::make_unique<Sampler>(dataset, std::move(tasks), options, seed, tasks_per_step, microbatches);
}

bool tasks_are_of_classes(const Schema& schema) { return schema.task == "class"; }

}  // namespace warmstart
