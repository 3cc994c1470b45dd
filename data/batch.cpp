#include "data/batch.h"

#include <tsl/robin_map.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>

namespace warmstart {
namespace {

// Appends the fields of one owner, column by column, to a feature vector.
class FieldAppender {
 public:
  FieldAppender(const Schema& schema, FieldOwner owner, std::int64_t first_id) {
    for (const auto* field : schema.fields_of(owner)) {
      dense_.push_back(field->kind == FieldKind::kDense);
      first_ids_.push_back(first_id);
      if (!dense_.back()) first_id += field->vocabulary_size + 1;
    }
    end_ = first_id;
  }
  std::int64_t end() const { return end_; }

  // Joins where the ids of each categorical field begin.
  void add_first_ids(std::vector<std::int64_t>& firsts) const {
    for (std::size_t c = 0; c < dense_.size(); ++c)
      if (!dense_[c]) firsts.push_back(first_ids_[c]);
  }

  // From the column numbered `first` on.
  void append(Features& features, const std::vector<StoredColumn>& columns, std::size_t index,
              std::size_t first = 0) const {
    for (std::size_t c = first; c < columns.size(); ++c) {
      if (dense_[c]) {
        features.dense.push_back(columns[c].dense(index));
        continue;
      }
      const auto ids = columns[c].ids(index);
      const auto known = std::count_if(ids.begin(), ids.end(), [](auto id) { return id != 0; });
      for (const auto id : ids) {
        if (id == 0) continue;
        features.ids.push_back(first_ids_[c] + id);
        features.weights.push_back(1.0f / std::sqrt(static_cast<float>(known)));
      }
    }
  }

 private:
  std::vector<bool> dense_;
  std::vector<std::int64_t> first_ids_;
  std::int64_t end_;
};

std::vector<FieldOf> whose_fields(const Schema& schema, bool dense) {
  std::vector<FieldOf> of;
  for (const auto* field : schema.fields_of(FieldOwner::kEntity))
    if ((field->kind == FieldKind::kDense) == dense) of.push_back(FieldOf::kEntity);
  for (const auto* field : schema.fields_of(FieldOwner::kRow))
    if ((field->kind == FieldKind::kDense) == dense) of.push_back(field->of_user ? FieldOf::kUser : FieldOf::kRow);
  return of;
}

std::int64_t dense_count(const Schema& schema, FieldOwner owner) {
  const auto fields = schema.fields_of(owner);
  return std::count_if(fields.begin(), fields.end(), [](auto* field) { return field->kind == FieldKind::kDense; });
}

class BatchMaker {
 public:
  BatchMaker(const Dataset& dataset, bool features)
      : dataset_(dataset),
        entity_(dataset.schema(), FieldOwner::kEntity, 0),
        row_(dataset.schema(), FieldOwner::kRow, entity_.end()),
        task_(dataset.schema(), FieldOwner::kTask, 0),
        rows_have_fields_(!rows_are_entities(dataset.schema())),
        features_(features) {
    const auto layout = feature_layout(dataset.schema());
    batch_.rows.dense_width = layout.row_dense;
    batch_.descriptions.dense_width = layout.task_dense;
  }

  EpisodeBatch make(const std::vector<std::vector<TaskEpisode>>& microbatches, std::int64_t support,
                    std::int64_t query) {
    for (const auto& episodes : microbatches) batch_.tasks += static_cast<std::int64_t>(episodes.size());
    reserve(batch_.support, microbatches, support, &EpisodeRows::support);
    reserve(batch_.query, microbatches, query, &EpisodeRows::query);
    for (const auto& episodes : microbatches) add(episodes);
    return finished();
  }

  EpisodeBatch make_rows(const std::vector<std::vector<std::int64_t>>& blocks) {
    for (const auto& block : blocks) {
      batch_.first_rows.push_back(rows());
      for (const auto entity : block) add_distinct_row(static_cast<std::uint32_t>(entity), nullptr, 0);
    }
    return finished();
  }

 private:
  std::int64_t rows() const { return static_cast<std::int64_t>(batch_.entity.size()); }

  EpisodeBatch finished() {
    batch_.first_rows.push_back(rows());
    find_distinct_ids(batch_);
    return std::move(batch_);
  }

  void add(const std::vector<TaskEpisode>& microbatch) {
    places_.clear();
    batch_.first_rows.push_back(rows());
    for (const auto& episode : microbatch) {
      const auto view = dataset_.task(episode.task);
      const auto t = batch_.task.size();
      batch_.task.push_back(episode.task);
      describe(view);
      fill(batch_.support, t, episode, &EpisodeRows::support);
      fill(batch_.query, t, episode, &EpisodeRows::query);
    }
    // A model always has a row to look up, were all supports and queries empty.
    if (rows() == batch_.first_rows.back()) add_distinct_row(0, nullptr, 0);
  }

  using Part = std::vector<std::uint32_t> EpisodeRows::*;

  static std::int64_t size_of(const TaskEpisode& episode, Part part) {
    auto size = std::ssize(episode.rows.*part);
    if (part == &EpisodeRows::query) size += std::ssize(episode.rows.unseen);
    for (const auto& of_class : episode.classes) size += std::ssize(of_class.rows.*part);
    return size;
  }

  void reserve(PaddedRows& rows, const std::vector<std::vector<TaskEpisode>>& microbatches, std::int64_t width,
               Part part) {
    rows.width = width;
    for (const auto& episodes : microbatches)
      for (const auto& episode : episodes) rows.width = std::max(rows.width, size_of(episode, part));
    const auto places = static_cast<std::size_t>(batch_.tasks * rows.width);
    rows.place.assign(places, 0);
    rows.label.assign(places, 0.0f);
    rows.mask.assign(places, 0.0f);
  }

  void describe(const Dataset::TaskView& view) {
    auto& features = batch_.descriptions;
    features.offsets.push_back(static_cast<std::int64_t>(features.ids.size()));
    task_.append(features, view.shard->task_fields(), view.index);
    ++features.count;
  }

  void fill(PaddedRows& rows, std::size_t task, const TaskEpisode& episode, Part part) {
    auto place = task * static_cast<std::size_t>(rows.width);
    const auto view = dataset_.task(episode.task);
    place = add_rows(rows, place, view, episode.rows.*part, std::nullopt);
    if (part == &EpisodeRows::query) place = add_unseen(rows, place, view, episode.rows.unseen);
    for (std::size_t label = 0; label < episode.classes.size(); ++label) {
      const auto& of_class = episode.classes[label];
      place = add_rows(rows, place, dataset_.task(of_class.task), of_class.rows.*part, static_cast<float>(label));
    }
    // Places behind the last row are some row of the microbatch's.
    const auto end = static_cast<std::ptrdiff_t>((task + 1) * static_cast<std::size_t>(rows.width));
    std::fill(rows.place.begin() + static_cast<std::ptrdiff_t>(place), rows.place.begin() + end,
              batch_.first_rows.back());
  }

  // From `place` on; `label` in place of the rows' own.  Returns the place behind them.
  std::size_t add_rows(PaddedRows& rows, std::size_t place, const Dataset::TaskView& view,
                       const std::vector<std::uint32_t>& chosen, std::optional<float> label) {
    for (const auto row : chosen)
      add_row(rows, place++, place_of(view, row, view.rows.entity[row]), label.value_or(view.rows.label[row]));
    return place;
  }

  std::size_t add_unseen(PaddedRows& rows, std::size_t place, const Dataset::TaskView& view,
                         const std::vector<UnseenRow>& unseen) {
    for (const auto& [entity, row] : unseen) add_row(rows, place++, place_of(view, row, entity), 0.0f);
    return place;
  }

  static void add_row(PaddedRows& rows, std::size_t place, std::int64_t distinct_row, float label) {
    rows.place[place] = distinct_row;
    rows.label[place] = label;
    rows.mask[place] = 1.0f;
  }

  std::int64_t place_of(const Dataset::TaskView& view, std::uint32_t row, std::uint32_t entity) {
    if (rows_have_fields_) return add_distinct_row(entity, view.shard, view.rows.first + row);
    const auto [found, is_new] = places_.try_emplace(entity, rows());
    if (is_new) add_distinct_row(entity, nullptr, 0);
    return found->second;
  }

  std::int64_t add_distinct_row(std::uint32_t entity, const Shard* shard, std::size_t row) {
    const auto place = rows();
    batch_.entity.push_back(entity);
    if (dataset_.has_users()) batch_.user.push_back(shard ? shard->users()[row] : 0);
    if (!features_) return place;
    auto& features = batch_.rows;
    const auto key = dataset_.entity_fields()[0].ids(entity)[0];
    features.offsets.push_back(static_cast<std::int64_t>(features.ids.size()));
    features.ids.push_back(key);
    features.weights.push_back(key == 0 ? 0.0f : 1.0f);
    entity_.append(features, dataset_.entity_fields(), entity, 1);
    if (shard) row_.append(features, shard->row_fields(), row);
    batch_.key.push_back(key);
    ++features.count;
    return place;
  }

  const Dataset& dataset_;
  FieldAppender entity_, row_, task_;
  bool rows_have_fields_, features_;
  tsl::robin_map<std::uint32_t, std::int64_t> places_;
  EpisodeBatch batch_;
};

// `firsts` [microbatches + 1]: where each microbatch's ids begin.
Lookup lookup_of(const std::vector<std::int64_t>& ids, const std::vector<std::int64_t>& firsts) {
  Lookup lookup;
  lookup.places.reserve(ids.size());
  tsl::robin_map<std::int64_t, std::int64_t> in_all;
  std::vector<std::int64_t> place;  // by place in all, of the present microbatch if not under its first
  for (std::size_t m = 0; m + 1 < firsts.size(); ++m) {
    const auto first = static_cast<std::int64_t>(lookup.ids.size());
    lookup.firsts.push_back(first);
    for (auto i = firsts[m]; i < firsts[m + 1]; ++i) {
      const auto id = ids[static_cast<std::size_t>(i)];
      const auto [found, is_new] = in_all.try_emplace(id, static_cast<std::int64_t>(lookup.all.size()));
      if (is_new) {
        lookup.all.push_back(id);
        place.push_back(-1);
      }
      auto& place_of_id = place[static_cast<std::size_t>(found->second)];
      if (place_of_id < first) {
        place_of_id = static_cast<std::int64_t>(lookup.ids.size());
        lookup.ids.push_back(id);
        lookup.in_all.push_back(found->second);
      }
      lookup.places.push_back(place_of_id);
    }
  }
  lookup.firsts.push_back(static_cast<std::int64_t>(lookup.ids.size()));
  return lookup;
}

RowGroups groups_of(const std::vector<std::int64_t>& owners, const std::vector<std::int64_t>& first_rows) {
  auto lookup = lookup_of(owners, first_rows);
  RowGroups groups = {std::move(lookup.firsts), {}, std::move(lookup.places)};
  for (std::size_t row = 0; row < groups.group.size(); ++row) {
    if (groups.group[row] == std::ssize(groups.row)) groups.row.push_back(static_cast<std::int64_t>(row));
  }
  return groups;
}

// Where the ids of the vectors from `vectors` on begin.
std::vector<std::int64_t> first_ids(const Features& features, const std::vector<std::int64_t>& vectors) {
  std::vector<std::int64_t> firsts;
  firsts.reserve(vectors.size());
  for (const auto vector : vectors)
    firsts.push_back(vector < features.count ? features.offsets[static_cast<std::size_t>(vector)]
                                             : static_cast<std::int64_t>(features.ids.size()));
  return firsts;
}

}  // namespace

double EpisodeBatch::padded_share() const {
  const auto places = static_cast<double>(support.mask.size() + query.mask.size());
  const double rows = std::accumulate(support.mask.begin(), support.mask.end(), 0.0) +
                      std::accumulate(query.mask.begin(), query.mask.end(), 0.0);
  return places > 0.0 ? 1.0 - rows / places : 0.0;
}

FeatureLayout feature_layout(const Schema& schema) {
  const FieldAppender entity(schema, FieldOwner::kEntity, 0), row(schema, FieldOwner::kRow, entity.end()),
      task(schema, FieldOwner::kTask, 0);
  std::vector<std::int64_t> first_row_ids;
  for (const auto* fields : {&entity, &row}) fields->add_first_ids(first_row_ids);
  return {.row_ids = row.end(),
          .task_ids = task.end(),
          .first_row_ids = std::move(first_row_ids),
          .row_ids_of = whose_fields(schema, false),
          .row_dense_of = whose_fields(schema, true),
          .row_dense = dense_count(schema, FieldOwner::kEntity) + dense_count(schema, FieldOwner::kRow),
          .task_dense = dense_count(schema, FieldOwner::kTask),
          .keys = schema.fields_of(FieldOwner::kEntity).front()->vocabulary_size + 1};
}

std::vector<std::int64_t> entities_with_values(const Dataset& dataset) {
  std::vector<std::int64_t> entities;
  const auto fields = dataset.schema().fields_of(FieldOwner::kEntity);
  for (std::size_t f = 1; f < fields.size(); ++f) {
    if (fields[f]->kind == FieldKind::kDense) continue;
    const auto counts = dataset.vocabulary_counts(*fields[f]);
    entities.push_back(0);  // of the id that stands for unknown values
    entities.insert(entities.end(), counts.begin(), counts.end());
  }
  const auto layout = feature_layout(dataset.schema());
  entities.resize(static_cast<std::size_t>(layout.row_ids - layout.keys), 0);
  return entities;
}

EpisodeBatch make_batch(const Dataset& dataset, const std::vector<TaskEpisode>& episodes) {
  return make_batch(dataset, {episodes}, 0, 0, true);
}

EpisodeBatch make_batch(const Dataset& dataset, const std::vector<std::vector<TaskEpisode>>& microbatches,
                        std::int64_t support, std::int64_t query, bool features) {
  return BatchMaker(dataset, features).make(microbatches, support, query);
}

bool rows_are_entities(const Schema& schema) { return schema.fields_of(FieldOwner::kRow).empty(); }

EpisodeBatch make_rows(const Dataset& dataset, const std::vector<std::vector<std::int64_t>>& blocks) {
  return BatchMaker(dataset, true).make_rows(blocks);
}

void find_distinct_ids(EpisodeBatch& batch) {
  std::vector<std::int64_t> first_tasks;
  for (std::int64_t m = 0; m <= batch.microbatches(); ++m)
    first_tasks.push_back(batch.tasks * m / batch.microbatches());
  if (batch.rows.count > 0) {
    batch.key_lookup = lookup_of(batch.key, batch.first_rows);
    batch.rows.lookup = lookup_of(batch.rows.ids, first_ids(batch.rows, batch.first_rows));
  }
  if (!batch.user.empty()) {
    batch.by_entity = groups_of(batch.entity, batch.first_rows);
    batch.by_user = groups_of(batch.user, batch.first_rows);
  }
  batch.descriptions.lookup = lookup_of(batch.descriptions.ids, first_ids(batch.descriptions, first_tasks));
}

}  // namespace warmstart
