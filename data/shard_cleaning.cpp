#include "data/shard_cleaning.h"

#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "base/option_value.h"
#include "base/text.h"
#include "data/derived_fields.h"
#include "data/grouped_files.h"

namespace warmstart {
namespace {

// Of rows with one (task, entity).
const char* kept_of(Duplicates duplicates) {
  switch (duplicates) {
    case Duplicates::kSum:
      return "the latest is kept, with the sum of the labels";
    case Duplicates::kCount:
      return "the latest is kept, with the number of rows as its label";
    case Duplicates::kMean:
      return "the latest is kept, with the mean of the labels";
    default:
      return "the latest is kept";
  }
}

double no_end(const std::string& /*task*/) { return INFINITY; }

}  // namespace

ShardCleaning::ShardCleaning(std::filesystem::path folder, const IngestOptions& asked, const IngestOptions& options,
                             const IngestTables& tables, const EntityDays& entity_days)
    : folder_(std::move(folder)), asked_(asked), options_(options), tables_(tables), entity_days_(entity_days) {}

std::vector<std::string> ShardCleaning::task_keys(std::int64_t shard) {
  if (is_grouped(options_)) {
    auto read = read_grouped(folder_, shard, options_, tables_, spilled_);
    return keep(shard, std::move(read.tasks), read.left_out).tasks.keys;
  }
  const auto all = cleaned(shard, spilled_, no_end);
  // Which tasks lose their late rows is known once they are split.
  if (!options_.split_time.is_set()) return keep(shard, by_column(all, tables_.row_fields), all.left_out).tasks.keys;
  std::vector<std::string> keys;
  for (const auto& task : all.tasks) keys.push_back(task.key);
  return keys;
}

CleanedShard ShardCleaning::stored(std::int64_t shard, const TaskSplit& split) {
  if (left_out_.contains(shard)) {
    ArrayFileReader file(file_of(shard));
    return read_cleaned(file, tables_.row_fields);
  }
  const auto rows = cleaned(shard, spilled_, [&](const auto& task) {
    return split.of(task) == Split::kTrain ? options_.split_time.seconds : INFINITY;
  });
  return keep(shard, by_column(rows, tables_.row_fields), rows.left_out);
}

nlohmann::json ShardCleaning::left_out(std::int64_t shard) {
  const auto kept = left_out_.find(shard);
  return kept != left_out_.end() ? kept->second : told(cleaned(shard, spilled_, no_end).left_out);
}

CleanedShard ShardCleaning::of_last_version(std::int64_t shard) const {
  const auto ranks = std::span(spilled_).subspan(new_ranks_.value_or(spilled_.size()));
  return by_column(cleaned(shard, ranks, no_end), tables_.row_fields);
}

SpilledShard ShardCleaning::cleaned(std::int64_t shard, std::span<const SpillOfRank> ranks,
                                    const EndOfTask& end_of) const {
  auto rows = spill_reader(folder_, options_, tables_, ranks).read(shard);
  derive(rows, options_.derived, entity_days_);
  clean(rows, options_, end_of);
  return rows;
}

CleanedShard ShardCleaning::keep(std::int64_t shard, CleanedShard cleaned, const LeftOutRows& left_out) {
  auto json = told(left_out);
  ArrayFileWriter file(file_of(shard));
  write(file, cleaned);
  file.close();
  left_out_.emplace(shard, std::move(json));
  return cleaned;
}

nlohmann::json ShardCleaning::told(const LeftOutRows& left_out) const {
  Rejections rejections(options_.on_error);
  rejections.count("row of a training task from data.split-time on", left_out.late);
  rejections.count(fmt::format("duplicate (task, entity) pair ({})", kept_of(asked_.duplicates)), left_out.duplicate);
  for (const auto& row : left_out.unusable) reject(row, rejections);
  rejections.count("task under min-rows", left_out.of_short_tasks);
  return rejections.to_json();
}

void ShardCleaning::reject(const UnusableLabel& row, Rejections& rejections) const {
  const auto where =
      fmt::format("{} '{}', {} '{}'", nlohmann::json(options_.task).get<std::string>(), printable(row.task),
                  entity_noun(options_), printable(tables_.entities.keys().key(row.entity)));
  if (std::abs(row.label) > kLargestNumber) {
    rejections.add(where,
                   {"number too large",
                    fmt::format("interactions.duplicates = {} makes {} of its labels, beyond {:.0e}, the largest "
                                "number that can be learned from; rescale them",
                                to_text(asked_.duplicates), row.label, kLargestNumber)});
  } else {
    rejections.add(where,
                   {"label that log1p has no number for",
                    fmt::format("its label is {}, and interactions.transform = log1p takes labels above -1; take "
                                "clip or threshold, or set data.label-min = 0",
                                row.label)});
  }
}

std::filesystem::path ShardCleaning::file_of(std::int64_t shard) const {
  return folder_ / fmt::format("cleaned-{:05d}", shard);
}

}  // namespace warmstart
