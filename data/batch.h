// Episodes as arrays, ready for a model: the distinct rows' features once, and
// for each task its support and query rows as places in them, padded to the longest.

#pragma once

#include <cstdint>
#include <vector>

#include "data/dataset.h"
#include "data/sampler.h"

namespace warmstart {

// N sparse vectors of (id, weight) and N dense ones.  Ids of different fields do not
// overlap: field f's id i is offset(f) + i; its offset(f) + 0, "unknown", never occurs.
// A field with n values in a row weighs each 1 / sqrt(n).
struct Features {
  std::int64_t count = 0;             // N
  std::int64_t dense_width = 0;       // F
  std::vector<std::int64_t> ids;      // all vectors' ids, one after the other
  std::vector<std::int64_t> offsets;  // [N] where each vector begins in ids
  std::vector<float> weights;         // one an id
  std::vector<float> dense;           // [N, F]
};

// [tasks, width] with zeros behind each task's last row.
struct PaddedRows {
  std::int64_t width = 0;
  std::vector<std::int64_t> place;  // in Features
  std::vector<float> label, mask;   // mask: 1 for a row, 0 for padding
};

struct EpisodeBatch {
  std::int64_t tasks = 0;
  std::vector<std::int64_t> task;    // [tasks] numbers in the data set
  std::vector<std::int64_t> entity;  // [N] row of entities.h5 of each distinct row
  // [N] the entity key's id, 0 if unknown.  Each vector of `rows` starts with it, weighing 0 if unknown.
  std::vector<std::int64_t> key;
  Features rows;          // distinct rows: entities, or interactions where those have fields of their own
  Features descriptions;  // [tasks]
  PaddedRows support, query;

  double padded_share() const;  // of the places in support and query
};

// How fields share one range of ids: the table of embeddings that a model needs.
struct FeatureLayout {
  std::int64_t row_ids = 0, task_ids = 0;      // sizes of the ranges
  std::int64_t row_dense = 0, task_dense = 0;  // widths
  std::int64_t keys = 0;                       // 1 + vocabulary size of the entity's key
};
FeatureLayout feature_layout(const Schema& schema);

struct TaskEpisode {
  std::int64_t task;
  EpisodeRows rows;
};
EpisodeBatch make_batch(const Dataset& dataset, const std::vector<TaskEpisode>& episodes);

}  // namespace warmstart
