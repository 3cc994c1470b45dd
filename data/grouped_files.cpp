#include "data/grouped_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/errors.h"
#include "base/text.h"
#include "data/clean_shard.h"
#include "data/derived_fields.h"

namespace warmstart {
namespace {

std::filesystem::path cleaned_file(const std::filesystem::path& folder, std::int64_t shard, int rank) {
  return folder / fmt::format("grouped-{:05d}-{:05d}", shard, rank);
}

// The tasks of one file that are of a shard.
struct TasksOfFile {
  std::string file;
  GroupedShard shard;
  std::vector<std::string> empty_tasks;
};

void write(ArrayFileWriter& file, const TasksOfFile& tasks) {
  const auto& left_out = tasks.shard.left_out;
  std::vector<std::string> unusable_tasks;
  std::vector<std::uint32_t> unusable_entities;
  std::vector<double> unusable_labels;
  for (const auto& row : left_out.unusable) {
    unusable_tasks.push_back(row.task);
    unusable_entities.push_back(row.entity);
    unusable_labels.push_back(row.label);
  }
  file.add_texts({tasks.file});
  write(file, tasks.shard.tasks);
  file.add_texts(tasks.empty_tasks);
  file.add(std::vector<std::int64_t>{left_out.duplicate, left_out.of_short_tasks});
  file.add_texts(unusable_tasks);
  file.add(unusable_entities);
  file.add(unusable_labels);
}

TasksOfFile read(ArrayFileReader& file, const FieldBuilders& row_fields) {
  auto name = file.take_texts().front();
  TasksOfFile tasks = {std::move(name), {read_cleaned(file, row_fields), {}}, {}};
  tasks.empty_tasks = file.take_texts();
  auto& left_out = tasks.shard.left_out;
  const auto counts = file.take<std::int64_t>();
  left_out.duplicate = counts[0];
  left_out.of_short_tasks = counts[1];
  const auto unusable_tasks = file.take_texts();
  const auto unusable_entities = file.take<std::uint32_t>();
  const auto unusable_labels = file.take<double>();
  for (std::size_t i = 0; i < unusable_tasks.size(); ++i)
    left_out.unusable.push_back({unusable_tasks[i], unusable_entities[i], unusable_labels[i]});
  return tasks;
}

// From the numbers, and the positions, of one rank to those of all.
void renumber(CleanedTasks& tasks, const SpillOfRank& rank, bool has_time) {
  for (auto& entity : tasks.entity) entity = rank.entities[entity];
  for (auto& user : tasks.user) user = rank.users[user];
  for (std::size_t i = 0; i < tasks.fields.size(); ++i) tasks.fields[i].renumber(rank.keys[i]);
  if (has_time) return;
  for (auto& time : tasks.time) time += static_cast<double>(rank.rows_before);
}

void renumber(TasksOfFile& tasks, const SpillOfRank& rank, bool has_time) {
  renumber(tasks.shard.tasks.tasks, rank, has_time);
  renumber(tasks.shard.tasks.short_tasks, rank, has_time);
  for (auto& row : tasks.shard.left_out.unusable) row.entity = rank.entities[row.entity];
}

void check_promise(const std::vector<TasksOfFile>& files, const IngestOptions& options) {
  std::vector<std::pair<std::string_view, std::size_t>> tasks;
  for (std::size_t file = 0; file < files.size(); ++file) {
    const auto& of_file = files[file];
    for (const auto* keys :
         {&of_file.shard.tasks.tasks.keys, &of_file.shard.tasks.short_tasks.keys, &of_file.empty_tasks})
      for (const auto& key : *keys) tasks.emplace_back(key, file);
  }
  std::sort(tasks.begin(), tasks.end());
  const auto twice =
      std::adjacent_find(tasks.begin(), tasks.end(), [](const auto& a, const auto& b) { return a.first == b.first; });
  if (twice == tasks.end()) return;
  throw DataError(
      fmt::format("{} '{}' has rows in {} and in {}, and data.grouped = true says that one file holds all rows of a "
                  "task; write the "
                  "files so, or set data.grouped = false",
                  nlohmann::json(options.task).get<std::string>(), printable(twice->first),
                  printable(files[twice->second].file, 1000), printable(files[(twice + 1)->second].file, 1000)));
}

// The tasks of all files, in the order of their keys.
CleanedTasks merged(const std::vector<TasksOfFile>& files, CleanedTasks CleanedShard::*part,
                    const FieldBuilders& row_fields) {
  struct Place {
    std::string_view key;
    const CleanedTasks* tasks;
    std::size_t task;
  };
  std::vector<Place> places;
  for (const auto& file : files) {
    const auto& tasks = file.shard.tasks.*part;
    for (std::size_t task = 0; task < tasks.keys.size(); ++task) places.push_back({tasks.keys[task], &tasks, task});
  }
  std::sort(places.begin(), places.end(), [](const auto& a, const auto& b) { return a.key < b.key; });
  CleanedTasks all(row_fields);
  for (const auto& place : places) all.add(*place.tasks, place.task);
  return all;
}

LeftOutRows sum(std::vector<TasksOfFile>& files) {
  LeftOutRows all;
  for (auto& file : files) {
    auto& left_out = file.shard.left_out;
    all.duplicate += left_out.duplicate;
    all.of_short_tasks += left_out.of_short_tasks;
    std::move(left_out.unusable.begin(), left_out.unusable.end(), std::back_inserter(all.unusable));
  }
  std::stable_sort(all.unusable.begin(), all.unusable.end(),
                   [](const auto& a, const auto& b) { return a.task < b.task; });
  return all;
}

}  // namespace

GroupedWriter::GroupedWriter(std::filesystem::path folder, const IngestOptions& options, const IngestTables& tables,
                             int rank)
    : RowSink(options.shards),
      folder_(std::move(folder)),
      options_(options),
      tables_(tables),
      rank_(rank),
      records_(static_cast<std::size_t>(options.shards)) {
  for (std::int64_t shard = 0; shard < options.shards; ++shard)
    cleaned_.push_back(std::make_unique<ArrayFileWriter>(cleaned_file(folder_, shard, rank)));
}

void GroupedWriter::add(std::string_view task, const Interaction& row, const FieldBuilders& fields) {
  const auto shard = shard_of(task, records_.size());
  append_record(records_[shard], task, row, fields);
  count_row(shard);
}

void GroupedWriter::end_file(const std::string& file) {
  auto own = SpillOfRank{
      rank_, NumbersOfRank(tables_.entities.keys().size()), {}, 0, NumbersOfRank(tables_.users.keys().size())};
  for (const auto& field : tables_.row_fields) own.keys.emplace_back(field->keys.size());
  for (std::size_t shard = 0; shard < records_.size(); ++shard) {
    if (!records_[shard].empty()) clean(shard, file, own);
  }
}

void GroupedWriter::clean(std::size_t shard, const std::string& file, const SpillOfRank& own) {
  const auto reader = spill_reader(folder_, options_, tables_, std::span(&own, 1));
  auto rows = reader.read(std::exchange(records_[shard], {}));
  derive(rows, options_.derived, EntityDays());
  warmstart::clean(rows, options_, [](const auto& /*task*/) { return INFINITY; });
  write(*cleaned_[shard], {file, {by_column(rows, tables_.row_fields), rows.left_out}, rows.empty_tasks});
}

void GroupedWriter::close() {
  for (const auto& file : cleaned_) file->close();
}

GroupedShard read_grouped(const std::filesystem::path& folder, std::int64_t shard, const IngestOptions& options,
                          const IngestTables& tables, std::span<const SpillOfRank> ranks) {
  std::vector<TasksOfFile> files;
  for (const auto& rank : ranks) {
    ArrayFileReader file(cleaned_file(folder, shard, rank.writer));
    while (file.any()) renumber(files.emplace_back(read(file, tables.row_fields)), rank, !options.time.empty());
  }
  check_promise(files, options);
  GroupedShard all = {CleanedShard(tables.row_fields), sum(files)};
  all.tasks.tasks = merged(files, &CleanedShard::tasks, tables.row_fields);
  all.tasks.short_tasks = merged(files, &CleanedShard::short_tasks, tables.row_fields);
  return all;
}

}  // namespace warmstart
