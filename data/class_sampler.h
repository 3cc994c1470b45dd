// N-way K-shot episodes: some classes, a few examples of each to adapt to, and others that judge (Vinyals et al. 2016).

#pragma once

#include "data/episode_source.h"

namespace warmstart {

// How many classes, and rows of each.
struct ClassEpisode {
  std::int64_t ways, shots, queries;
};

// Draws the episode number `position` of `seed` among classes: which of them, which rows, and in which order, that is
// which label each has.  A class has so many query rows, and may have fewer support rows than the shots.
TaskEpisode class_episode(const Dataset& dataset, const std::vector<std::int64_t>& classes, const ClassEpisode& sizes,
                          std::uint64_t seed, std::uint64_t position);

// Those of `classes` that have at least so many rows.  Throws DataError when they are fewer than the ways.
std::vector<std::int64_t> classes_with_rows(const Dataset& dataset, const std::vector<std::int64_t>& classes,
                                            std::int64_t rows, std::int64_t ways);

class ClassSampler : public EpisodeSource {
 public:
  // Throws DataError when there are fewer classes than ways.
  ClassSampler(const Dataset& dataset, const std::vector<std::int64_t>& classes, const EpisodeOptions& options,
               std::uint64_t seed, std::int64_t tasks_per_step, int microbatches);

  // As many as show each row once, on average.
  std::uint64_t epoch_episodes() const override;

  std::vector<std::vector<Episode>> meta_batch(std::uint64_t step) const override;
  TaskEpisode drawn(const Episode& episode) const override;

 private:
  const Dataset& dataset_;
  ClassEpisode sizes_;
  std::vector<std::int64_t> classes_;
  std::uint64_t seed_;
  std::int64_t tasks_per_step_;
  int microbatches_;
};

}  // namespace warmstart
