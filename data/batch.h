// Episodes as arrays, ready for a model: the distinct rows' features once, and
// for each task its support and query rows as places in them, padded to the longest.

#pragma once

#include <cstdint>
#include <vector>

#include "data/dataset.h"
#include "data/episode_source.h"

namespace warmstart {

// The distinct ids of a list, microbatch by microbatch, and where among them each id of the list lies: an id that two
// microbatches hold stands there twice.
struct Lookup {
  std::vector<std::int64_t> ids;     // distinct within a microbatch
  std::vector<std::int64_t> firsts;  // [microbatches + 1] where each microbatch's begin in ids
  std::vector<std::int64_t> places;  // in ids, one for each id of the list
  std::vector<std::int64_t> all;     // distinct over all microbatches
  std::vector<std::int64_t> in_all;  // where each of ids lies in it
};

// Which of the rows have the same entity, or the same user, microbatch by microbatch.
struct RowGroups {
  std::vector<std::int64_t> firsts;  // [microbatches + 1] where each microbatch's groups begin
  std::vector<std::int64_t> row;     // the first row of each group, in rising order
  std::vector<std::int64_t> group;   // [N] the group of each row; empty where it is not known
};

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
  Lookup lookup;                      // of ids
};

// [tasks, width] with zeros, and any place of the microbatch's, behind each task's last row.
struct PaddedRows {
  std::int64_t width = 0;
  std::vector<std::int64_t> place;  // in Features
  std::vector<float> label, mask;   // mask: 1 for a row, 0 for padding
};

// One microbatch, or several: equally many tasks each, one microbatch after the other.
struct EpisodeBatch {
  std::int64_t tasks = 0;                     // of all microbatches
  std::vector<std::int64_t> first_rows = {};  // [microbatches + 1] where each microbatch's begin in `rows`
  std::vector<std::int64_t> task;             // [tasks] numbers in the data set
  std::vector<std::int64_t> entity;           // [N] row of entities.h5 of each distinct row
  std::vector<std::int64_t> user;             // [N] row of users.h5 of each, where rows have users of their own
  // [N] the entity key's id, 0 if unknown.  Each vector of `rows` starts with it, weighing 0 if unknown.
  std::vector<std::int64_t> key;
  Lookup key_lookup;  // of key
  Features rows;      // rows distinct within a microbatch: entities, or interactions with fields of their own
  RowGroups by_entity, by_user;  // of `rows`, where rows have users of their own
  Features descriptions;         // [tasks]
  PaddedRows support, query;

  std::int64_t microbatches() const { return static_cast<std::int64_t>(first_rows.size()) - 1; }
  double padded_share() const;  // of the places in support and query
};

// What a field of a row says something of: the entity, the user whose row it is, or the row alone.
enum class FieldOf { kEntity, kUser, kRow };

// How fields share one range of ids: the table of embeddings that a model needs.
struct FeatureLayout {
  std::int64_t row_ids = 0, task_ids = 0;             // sizes of the ranges
  std::vector<std::int64_t> first_row_ids{};          // where in the rows' range each categorical field's ids begin
  std::vector<FieldOf> row_ids_of{}, row_dense_of{};  // of each categorical field, of each dense one
  std::int64_t row_dense = 0, task_dense = 0;         // widths
  std::int64_t keys = 0;                              // 1 + vocabulary size of the entity's key
};
FeatureLayout feature_layout(const Schema& schema);

// Of each id of the rows' fields behind the keys, from FeatureLayout::keys on: how many entities of training rows have
// that value; 0 of values that are not an entity's.
std::vector<std::int64_t> entities_with_values(const Dataset& dataset);

// Of one microbatch, padded to its longest support and query.
EpisodeBatch make_batch(const Dataset& dataset, const std::vector<TaskEpisode>& episodes);

// Of several, padded to `support` and `query` rows, or to the longest where that is longer.  Without `features`, which
// is for rows that are entities, `rows` and `key` stay empty: they come from make_rows.
EpisodeBatch make_batch(const Dataset& dataset, const std::vector<std::vector<TaskEpisode>>& microbatches,
                        std::int64_t support, std::int64_t query, bool features = true);

// Whether rows are entities, which tasks share, or interactions with fields of their own.
bool rows_are_entities(const Schema& schema);

// Entities as rows, in blocks instead of microbatches; there are no tasks.
EpisodeBatch make_rows(const Dataset& dataset, const std::vector<std::vector<std::int64_t>>& blocks);

// Fills in what follows from the ids: the lookups and the groups of a batch that is otherwise whole.
void find_distinct_ids(EpisodeBatch& batch);

}  // namespace warmstart
