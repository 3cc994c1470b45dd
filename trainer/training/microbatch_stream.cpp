#include "trainer/training/microbatch_stream.h"

#include <algorithm>
#include <utility>

namespace warmstart {
namespace {

std::int64_t longest(const std::vector<std::vector<Episode>>& microbatches, std::uint32_t Episode::*size) {
  std::uint32_t longest = 0;
  for (const auto& episodes : microbatches)
    for (const auto& episode : episodes) longest = std::max(longest, episode.*size);
  return longest;
}

}  // namespace

MicrobatchStream::MicrobatchStream(const Dataset& dataset, const TrainOptions& options, MicrobatchForm form, int rank,
                                   int ranks)
    : dataset_(dataset),
      form_(form),
      source_(make_episode_source(dataset, options.episode, options.seed, options.tasks,
                                  static_cast<int>(options.microbatches))),
      steps_(total_steps(options, *source_)),
      own_(microbatches_of(rank, ranks, static_cast<int>(options.microbatches))) {}

void MicrobatchStream::start(std::int64_t step, std::set<std::int64_t> skipped) {
  prefetcher_.reset();  // its thread reads what the next one starts from
  next_step_ = step;
  skipped_ = std::move(skipped);
  prefetcher_.emplace([this](std::uint64_t n) { return make(n); }, static_cast<std::size_t>(2 * batches()));
}

// The n-th batch since start(), on the prefetcher's thread.
std::optional<EpisodeBatch> MicrobatchStream::make(std::uint64_t n) {
  const auto part = n % static_cast<std::uint64_t>(batches());
  if (part == 0 && !plan_next_step()) return std::nullopt;
  const auto* own = &planned_[static_cast<std::size_t>(own_.first)];
  if (form_ == MicrobatchForm::kOneByOne) return make_batch(dataset_, with_rows(own[part]));
  std::vector<std::vector<TaskEpisode>> microbatches;
  for (int i = 0; i < own_.count; ++i) microbatches.push_back(with_rows(own[i]));
  return make_batch(dataset_, microbatches, longest(planned_, &Episode::support_size),
                    longest(planned_, &Episode::query_size), form_ != MicrobatchForm::kSharedRows);
}

std::vector<TaskEpisode> MicrobatchStream::with_rows(const std::vector<Episode>& microbatch) const {
  std::vector<TaskEpisode> episodes;
  episodes.reserve(microbatch.size());
  for (const auto& episode : microbatch) episodes.push_back(source_->drawn(episode));
  return episodes;
}

bool MicrobatchStream::plan_next_step() {
  while (skipped_.contains(next_step_)) ++next_step_;
  if (next_step_ >= steps_) return false;
  planned_ = source_->meta_batch(static_cast<std::uint64_t>(next_step_++));
  return true;
}

}  // namespace warmstart
