#include "data/episode_options.h"

#include "base/options.h"

namespace warmstart {

void declare(Options& add, EpisodeOptions& options) {
  constexpr double kMostRows = 1e9;  // of a support or a query
  add.add("episode.order", options.order,
          "time: support rows are earlier than query rows; shuffle: drawn at random; sorted: drawn, and a support's "
          "rows in "
          "time order, as the stages gru and lstm read them");
  add.add("episode.support-max", options.support_max, "largest support; sizes are uniform from 0")
      .from(0)
      .to(kMostRows)
      .unit("rows");
  add.add("episode.support-common", options.support_common, "support sizes of which one is common to all tasks ...")
      .from(0)
      .to(kMostRows)
      .unit("rows");
  add.add("episode.support-common-share", options.support_common_share, "... in this share of the meta-steps")
      .from(0)
      .to(1);
  add.add("episode.query-max", options.query_max, "largest query").from(1).to(kMostRows).unit("rows");
  add.add("episode.query-min", options.query_min, "rows that a support leaves for the query")
      .from(1)
      .to(kMostRows)
      .unit("rows");
  add.add("episode.rows", options.rows_per_episode, "a task is drawn ceil(its rows / this) times an epoch; 0: once")
      .from(0)
      .to(kMostRows)
      .unit("rows");
  add.add("episode.negatives", options.negatives,
          "for each query row, rows of label 0 about drawn entities that the task has no row of")
      .from(0)
      .to(1000)
      .unit("rows");
  add.add("episode.negatives-power", options.negatives_power,
          "they are drawn by their training rows to this power; 0: all alike")
      .from(0)
      .to(1);
  add.add("episode.ways", options.ways, "of tasks of classes (data.task = class): classes of a task").from(2).to(1e6);
  add.add("episode.shots", options.shots, "likewise: support rows of each class").from(1).to(kMostRows).unit("rows");
  add.add("episode.class-queries", options.class_queries, "likewise: query rows of each class")
      .from(1)
      .to(kMostRows)
      .unit("rows");
}

}  // namespace warmstart
