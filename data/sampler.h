#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "data/episode_source.h"
#include "data/unseen_entities.h"

namespace warmstart {

// Tasks as the data set has them.
class Sampler : public EpisodeSource {
 public:
  // Throws DataError when `tasks` is empty or holds a task with under two rows, or with rows of all entities where
  // negatives are to be drawn; UsageError where labels leave no room for those, or there are neither
  // labels nor negatives.
  Sampler(const Dataset& dataset, std::vector<std::int64_t> tasks, const EpisodeOptions& options, std::uint64_t seed,
          std::int64_t tasks_per_step, int microbatches);

  std::uint64_t epoch_episodes() const override { return first_slot_.back(); }

  // Microbatches are of similar length, so that little is padded; long and short ones alternate, so that every aligned
  // block of microbatches, a rank's share, is about the same work.
  std::vector<std::vector<Episode>> meta_batch(std::uint64_t step) const override;

  TaskEpisode drawn(const Episode& episode) const override { return {episode.task, rows(episode)}; }

  EpisodeRows rows(const Episode& episode) const;

 private:
  Episode episode(std::uint64_t step, std::uint64_t position) const;
  EpisodeRows rows_with_labels(const Episode& episode, std::uint32_t query) const;
  std::vector<UnseenRow> negatives(const Episode& episode, const std::vector<std::uint32_t>& query) const;
  void check_negatives() const;

  const Dataset& dataset_;
  std::vector<std::int64_t> tasks_;
  std::vector<std::uint64_t> first_slot_;  // a task's first place in an epoch, and the end
  EpisodeOptions options_;
  std::optional<UnseenEntities> unseen_;  // where negatives are drawn
  std::uint64_t seed_;
  std::int64_t tasks_per_step_;
  int microbatches_;
};

// Of the rows of a task.
UnseenEntities::OfTask unseen_by(const Dataset& dataset, std::int64_t task, const UnseenEntities& all);

// Throws UsageError where rows of label 0 cannot be told from the data set's own, or have no place in its labels'
// range; `option` is what draws them.
void check_unseen_rows(const Schema& schema, const std::string& option);

// Splits `count` rows in time order for evaluation: the last `query` rows (by time) or a
// seeded choice (by shuffle, or sorted) judge; of the others, the first `support` adapt.
EpisodeRows evaluation_rows(std::int64_t task, std::uint32_t count, std::uint32_t support, std::uint32_t query,
                            RowOrder order, std::uint64_t seed);

}  // namespace warmstart
