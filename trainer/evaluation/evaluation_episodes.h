#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "data/episode_source.h"
#include "data/split.h"
#include "trainer/evaluation/evaluation_options.h"

namespace warmstart {

// The episodes of a split that judge, a function of the options: their query rows are the same at every support size.
class EvaluationEpisodes {
 public:
  virtual ~EvaluationEpisodes() = default;

  virtual std::size_t count() const = 0;
  // Rows of the task, or of each of its classes, that judge; none where tasks have different numbers of them.
  virtual std::optional<std::int64_t> query() const = 0;
  virtual std::size_t query_rows(std::size_t place) const = 0;  // of an episode, the data set's own
  virtual std::size_t drawn_rows() const = 0;                   // and drawn ones behind them
  virtual std::int64_t task(std::size_t place) const = 0;       // in the data set, or one of its classes
  virtual std::uint32_t rows(std::size_t place) const = 0;      // that its support may have, and its query
  virtual TaskEpisode drawn(std::size_t place, std::uint32_t support) const = 0;  // `support`: rows, or rows a class
};

// Tasks of the split that have a row beside the query, and whose query rows are all from the data set's split time on,
// where it has one (with evaluate.query = rest, tasks that have such a row behind the largest support); or what
// evaluate.episodes-from lists, whatever its split; or of tasks of classes, evaluate.episodes draws of evaluate.ways
// among the classes of the split.  Throws DataError when there are none, and UsageError for options that do not go
// together, or with the data set.
std::unique_ptr<EvaluationEpisodes> make_evaluation_episodes(const Dataset& dataset, Split split,
                                                             const EvaluationOptions& options);

}  // namespace warmstart
