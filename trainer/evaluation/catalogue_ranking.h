#pragma once

#include <vector>

#include "data/episode_source.h"
#include "trainer/evaluation/ranked_rows.h"
#include "trainer/evaluation/recommender.h"

namespace warmstart {

// A task's query rows and lists among all entities of a data set, by one recommender.
class CatalogueRanking {
 public:
  // `listed`: entities of each task's list.  Both outlive it.
  CatalogueRanking(const Dataset& dataset, const Recommender& recommender, std::size_t listed);

  struct Ranked {
    RankedTask rows;
    bool finite;  // whether all scores are
  };
  // Candidates are the query's entities and those that the task has no row of.  A candidate's fields that are the
  // row's own are those of the first query row: what is known when the list is made.
  std::vector<Ranked> ranked(const std::vector<TaskEpisode>& episodes) const;

 private:
  at::Tensor scores(const std::vector<TaskEpisode>& episodes) const;
  at::Tensor predicted(std::vector<TaskEpisode> episodes, std::int64_t first, std::int64_t end) const;
  Ranked ranked(const TaskEpisode& episode, std::span<const float> scores) const;

  const Dataset& dataset_;
  const Recommender& recommender_;
  std::size_t listed_;
  std::unique_ptr<CatalogueScorer> scorer_;
};

// Minus the binary logarithm of the share of the training tasks that have a row of each entity; one that none has
// counts as if one had (Vargas & Castells 2011).
std::vector<double> self_information(const Dataset& dataset);

}  // namespace warmstart
