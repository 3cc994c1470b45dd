// What tasks a meta-step trains on, and how their rows split into support and query.
//
// All of it is a function of (seed, position): the sequence of meta-batches is the same for every world size and after
// every restart, and nothing needs to be saved.

#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "data/dataset.h"
#include "data/episode_options.h"

namespace warmstart {

// A task that is going to be drawn.
struct Episode {
  std::int64_t task = 0;                           // of an N-way episode, any of its classes
  std::uint64_t position = 0;                      // in the sequence of all episodes of a run
  std::uint32_t support_size = 0, query_size = 0;  // rows, unseen ones among them
};

// A row of label 0 that the data set does not have: that of an entity which the task has no row of, whose own fields
// are those of the task's row `row`.
struct UnseenRow {
  std::uint32_t entity, row;
};

// Places of rows in a task.
struct EpisodeRows {
  std::vector<std::uint32_t> support, query;
  std::vector<UnseenRow> unseen = {};  // of the query, behind the others
};

struct ClassRows {
  std::int64_t task;  // the class's, in the data set
  EpisodeRows rows;
};

// A task as it was drawn: rows of one task of the data set; or of some classes, whose labels are their places here.
struct TaskEpisode {
  std::int64_t task;
  EpisodeRows rows = {};
  std::vector<ClassRows> classes = {};
};

class EpisodeSource {
 public:
  virtual ~EpisodeSource() = default;

  // Episodes in one pass over all tasks.
  virtual std::uint64_t epoch_episodes() const = 0;

  // The episodes of a meta-step, cut into microbatches.
  virtual std::vector<std::vector<Episode>> meta_batch(std::uint64_t step) const = 0;

  virtual TaskEpisode drawn(const Episode& episode) const = 0;
};

// Of the training tasks, as the kind of tasks wants it.  Throws DataError when they do not do.
std::unique_ptr<EpisodeSource> make_episode_source(const Dataset& dataset, const EpisodeOptions& options,
                                                   std::uint64_t seed, std::int64_t tasks_per_step, int microbatches);

// Whether tasks are drawn of some classes each.
bool tasks_are_of_classes(const Schema& schema);

}  // namespace warmstart
