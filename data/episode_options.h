#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <vector>

namespace warmstart {

class Options;

// Which rows of a task come first: those that are older, or any; or any, but the support's then stand by time.
enum class RowOrder { kTime, kShuffle, kSorted };

// Their names in configurations.
NLOHMANN_JSON_SERIALIZE_ENUM(RowOrder, {{RowOrder::kTime, "time"},
                                        {RowOrder::kShuffle, "shuffle"},
                                        {RowOrder::kSorted, "sorted"}})

struct EpisodeOptions {
  std::int64_t support_max = 90;  // rows; the size is uniform in 0..support_max
  std::vector<std::int64_t> support_common = {0, 1, 3, 5, 10, 20};
  double support_common_share = 0.3;   // of meta-batches: one of support_common for all their tasks
  std::int64_t query_max = 64;         // rows
  std::int64_t query_min = 3;          // rows that a support leaves, where a task has them
  std::int64_t rows_per_episode = 50;  // a task is drawn ceil(rows / this) times an epoch; 0: once
  // kShuffle: rows are drawn at random.  kSorted: they are, and a support's stand in time order.  kTime: a task's first
  // rows are its support, as they are when it is new, and its query is drawn from the later ones.
  RowOrder order = RowOrder::kShuffle;
  std::int64_t negatives = 0;     // entities that a task has no row of, drawn as rows of label 0, for each query row
  double negatives_power = 0.75;  // each drawn with a weight of its training rows to this power; 0: all alike
  // Of tasks of classes: how many classes, and how many rows of each are support and query.
  std::int64_t ways = 5, shots = 1, class_queries = 5;

  // Of the longest task.
  std::int64_t most_rows() const { return support_max + query_max * (1 + negatives); }
};

// The section episode.
void declare(Options& add, EpisodeOptions& options);

}  // namespace warmstart
