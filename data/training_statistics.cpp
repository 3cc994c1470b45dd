#include "data/training_statistics.h"

#include <algorithm>

namespace warmstart {
namespace {

void add_each(std::vector<Moments>& sums, const std::vector<Moments>& later) {
  for (std::size_t i = 0; i < later.size(); ++i) sums[i].add(later[i]);
}

void add_each(std::span<std::int64_t> sums, std::span<const std::int64_t> of_first) {
  for (std::size_t i = 0; i < of_first.size(); ++i) sums[i] += of_first[i];
}

void give(const FieldBuilders& fields, const std::vector<Moments>& moments) {
  for (std::size_t i = 0; i < fields.size(); ++i) fields[i]->moments = moments[i];
}

void sum_counts(const FieldBuilders& fields, IngestRanks& ranks) {
  for (const auto& field : fields) {
    field->counts.resize(field->keys.size());
    ranks.sum(field->counts);
    add_each(field->counts, field->earlier_counts);
  }
}

void count_entities(SideTable& entities, std::span<const std::int64_t> rows) {
  std::vector<Moments> moments(entities.fields().size());
  for (std::size_t entity = 0; entity < rows.size(); ++entity) {
    if (rows[entity] > 0) entities.count(entity, moments);
  }
  give(entities.fields(), moments);
}

// The keys of their fields alone: their numbers are counted row by row, whose order the last bits depend on.
void count_users(SideTable& users, std::span<const std::int64_t> rows) {
  std::vector<Moments> once_a_user(users.fields().size());
  for (std::size_t user = 0; user < rows.size(); ++user) users.count(user, once_a_user, rows[user]);
}

}  // namespace

void ShardStatistics::add(const ShardStatistics& later) {
  rows += later.rows;
  label_sum += later.label_sum;
  label_min = std::min(label_min, later.label_min);
  label_max = std::max(label_max, later.label_max);
  add_each(of_rows, later.of_rows);
  add_each(of_tasks, later.of_tasks);
  add_each(of_users, later.of_users);
}

ShardStatistics no_statistics(const IngestTables& tables) {
  ShardStatistics none;
  none.of_rows.resize(tables.row_fields.size());
  none.of_tasks.resize(tables.tasks.fields().size());
  none.of_users.resize(tables.users.fields().size());
  return none;
}

ShardStatistics count_training_rows(const CleanedTasks& tasks, const TaskSplit& split, IngestTables& tables,
                                    const RowCounts& counts, std::int64_t times) {
  auto found = no_statistics(tables);
  for (std::size_t task = 0; task < tasks.keys.size(); ++task) {
    const auto& key = tasks.keys[task];
    if (split.of(key) != Split::kTrain) continue;
    if (times > 0 && tables.tasks.has_table()) tables.tasks.count(tables.tasks.keys().find(key), found.of_tasks);
    const auto begin = static_cast<std::size_t>(tasks.offsets[task]);
    const auto end = static_cast<std::size_t>(tasks.offsets[task + 1]);
    for (std::size_t i = 0; i < tables.row_fields.size(); ++i)
      tables.row_fields[i]->count(tasks.fields[i], begin, end, found.of_rows[i], times);
    if (tables.has_users()) {
      const auto users = std::span(tasks.user).subspan(begin, end - begin);
      tables.users.add_numbers(users, found.of_users);
      for (const auto user : users) counts.of_users[user] += times;
    }
    for (auto row = begin; row < end; ++row) {
      const double label = tasks.label[row];
      counts.of_entities[tasks.entity[row]] += times;
      found.label_min = std::min(found.label_min, label);
      found.label_max = std::max(found.label_max, label);
      found.label_sum += static_cast<double>(times) * label;
    }
    found.rows += times * tasks.rows(task);
  }
  return found;
}

void unite_counts(IngestTables& tables, const RowCounts& counts, const EarlierRowCounts& earlier,
                  const ShardStatistics& of_all, IngestRanks& ranks) {
  ranks.sum(counts.of_entities);
  ranks.sum(counts.of_users);
  add_each(counts.of_entities, earlier.of_entities);
  add_each(counts.of_users, earlier.of_users);
  sum_counts(tables.row_fields, ranks);
  sum_counts(tables.tasks.fields(), ranks);
  give(tables.row_fields, of_all.of_rows);
  give(tables.tasks.fields(), of_all.of_tasks);
  give(tables.users.fields(), of_all.of_users);
  count_entities(tables.entities, counts.of_entities);
  count_users(tables.users, counts.of_users);
}

}  // namespace warmstart
