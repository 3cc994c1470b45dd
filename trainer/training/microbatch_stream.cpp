#include "trainer/training/microbatch_stream.h"

#include <utility>

namespace warmstart {

MicrobatchStream::MicrobatchStream(const Dataset& dataset, const TrainOptions& options, int rank, int ranks)
    : dataset_(dataset),
      sampler_(dataset, dataset.tasks_of(Split::kTrain), options.episode, options.seed, options.tasks,
               static_cast<int>(options.microbatches)),
      steps_(total_steps(options, sampler_)),
      own_(microbatches_of(rank, ranks, static_cast<int>(options.microbatches))) {}

void MicrobatchStream::start(std::int64_t step, std::set<std::int64_t> skipped) {
  prefetcher_.reset();  // its thread reads what the next one starts from
  next_step_ = step;
  skipped_ = std::move(skipped);
  prefetcher_.emplace([this](std::uint64_t n) { return make(n); }, static_cast<std::size_t>(2 * own_.count));
}

// The n-th microbatch since start(), on the prefetcher's thread.
std::optional<EpisodeBatch> MicrobatchStream::make(std::uint64_t n) {
  const auto part = n % static_cast<std::uint64_t>(own_.count);
  if (part == 0 && !plan_next_step()) return std::nullopt;
  std::vector<TaskEpisode> episodes;
  for (const auto& episode : planned_[static_cast<std::size_t>(own_.first) + part])
    episodes.push_back({episode.task, sampler_.rows(episode)});
  return make_batch(dataset_, episodes);
}

bool MicrobatchStream::plan_next_step() {
  while (skipped_.contains(next_step_)) ++next_step_;
  if (next_step_ >= steps_) return false;
  planned_ = sampler_.meta_batch(static_cast<std::uint64_t>(next_step_++));
  return true;
}

}  // namespace warmstart
