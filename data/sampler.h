// Which tasks a meta-step trains on, and how their rows split into support and query.
//
// All of it is a function of (seed, position): the sequence of meta-batches is the same
// for every world size and after every restart, and nothing needs to be saved.

#pragma once

#include <cstdint>
#include <vector>

#include "data/dataset.h"
#include "data/episode_options.h"

namespace warmstart {

// One task's rows for one meta-step, by their place in the task.
struct Episode {
  std::int64_t task = 0;
  std::uint64_t position = 0;  // in the sequence of all episodes of a run
  std::uint32_t support_size = 0, query_size = 0;
};
struct EpisodeRows {
  std::vector<std::uint32_t> support, query;
};

class Sampler {
 public:
  // Throws DataError when `tasks` is empty or holds a task with under two rows.
  Sampler(const Dataset& dataset, std::vector<std::int64_t> tasks, const EpisodeOptions& options, std::uint64_t seed,
          std::int64_t tasks_per_step, int microbatches);

  // Episodes in one pass over all tasks.
  std::uint64_t epoch_episodes() const { return first_slot_.back(); }

  // The episodes of a meta-step, cut into microbatches of similar length, so that little is
  // padded; long and short ones alternate, so that every aligned block of microbatches,
  // a rank's share, is about the same work.
  std::vector<std::vector<Episode>> meta_batch(std::uint64_t step) const;

  EpisodeRows rows(const Episode& episode) const;

 private:
  Episode episode(std::uint64_t step, std::uint64_t position) const;

  const Dataset& dataset_;
  std::vector<std::int64_t> tasks_;
  std::vector<std::uint64_t> first_slot_;  // a task's first place in an epoch, and the end
  EpisodeOptions options_;
  std::uint64_t seed_;
  std::int64_t tasks_per_step_;
  int microbatches_;
};

// Splits `count` rows in time order for evaluation: the last `query` rows (by time) or a
// seeded choice (by shuffle, or sorted) judge; of the others, the first `support` adapt.
EpisodeRows evaluation_rows(std::int64_t task, std::uint32_t count, std::uint32_t support, std::uint32_t query,
                            RowOrder order, std::uint64_t seed);

}  // namespace warmstart
