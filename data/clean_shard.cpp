#include "data/clean_shard.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <utility>

#include "base/errors.h"
#include "base/text.h"

namespace warmstart {
namespace {

bool earlier(const SpilledRow& a, const SpilledRow& b) {
  return a.time != b.time ? a.time < b.time : a.order < b.order;
}

// Which rows are of one thing: of scenarios, the user tells them apart, too.
std::pair<std::uint32_t, std::uint32_t> pair_of(const SpilledRow& row) { return {row.entity, row.user}; }

// The label of rows of one pair, the latest first.
double label_of(std::span<const SpilledRow> rows, Duplicates duplicates) {
  if (duplicates == Duplicates::kLatest) return rows[0].label;
  const auto count = static_cast<double>(rows.size());
  if (duplicates == Duplicates::kCount) return count;
  double sum = 0.0;
  for (const auto& row : rows) sum += row.label;
  return duplicates == Duplicates::kMean ? sum / count : sum;
}

// The latest row of each pair stays, with the label that all of them make.
void merge_rows_of_each_pair(std::vector<SpilledRow>& rows, Duplicates duplicates) {
  const auto same = [](const SpilledRow& a, const SpilledRow& b) { return pair_of(a) == pair_of(b); };
  std::sort(rows.begin(), rows.end(),
            [&](const auto& a, const auto& b) { return same(a, b) ? earlier(b, a) : pair_of(a) < pair_of(b); });
  for (auto first = rows.begin(); first != rows.end();) {
    const auto end = std::find_if(first, rows.end(), [&](const auto& row) { return !same(row, *first); });
    first->label = label_of({first, end}, duplicates);
    first = end;
  }
  rows.erase(std::unique(rows.begin(), rows.end(), same), rows.end());
}

// Returns how many rows were removed.
std::int64_t leave_out_late(std::vector<SpilledRow>& rows, double end) {
  return static_cast<std::int64_t>(std::erase_if(rows, [&](const auto& row) { return row.time >= end; }));
}

// Likewise.
std::int64_t clean_duplicates(std::vector<SpilledRow>& rows, Duplicates duplicates) {
  const auto before = std::ssize(rows);
  if (duplicates != Duplicates::kAll) merge_rows_of_each_pair(rows, duplicates);
  std::sort(rows.begin(), rows.end(), earlier);
  return before - std::ssize(rows);
}

// Leaves out, and notes, the rows whose label then is no number that can be learned from.
void transform_labels(SpilledTask& task, const LabelTransform& transform, std::vector<UnusableLabel>& unusable) {
  std::erase_if(task.rows, [&](SpilledRow& row) {
    const auto made = transform(row.label);
    const bool sound = std::abs(made) <= kLargestNumber;  // false of what is not a number
    if (!sound) unusable.push_back({task.key, row.entity, row.label});
    row.label = static_cast<float>(made);  // as it is stored
    return !sound;
  });
}

void set_short_tasks_aside(SpilledShard& shard, std::int64_t min_rows) {
  const auto is_short = [&](const SpilledTask& task) { return std::ssize(task.rows) < min_rows; };
  for (auto& task : shard.tasks) {
    if (!is_short(task)) continue;
    if (task.rows.empty()) {
      shard.empty_tasks.push_back(task.key);
      continue;
    }
    shard.left_out.of_short_tasks += std::ssize(task.rows);
    shard.short_tasks.push_back({task.key, std::exchange(task.rows, {})});
  }
  std::erase_if(shard.tasks, is_short);
}

}  // namespace

void clean(SpilledShard& shard, const IngestOptions& options, const EndOfTask& end_of) {
  for (auto& task : shard.tasks) {
    // First, so that nothing late is in a label that several rows make.
    shard.left_out.late += leave_out_late(task.rows, end_of(task.key));
    shard.left_out.duplicate += clean_duplicates(task.rows, options.duplicates);
    transform_labels(task, options.transform, shard.left_out.unusable);
    if (task.rows.size() > std::numeric_limits<std::uint32_t>::max())
      throw DataError(fmt::format("task '{}' has over 2^32 - 1 rows; leave some out", printable(task.key)));
  }
  set_short_tasks_aside(shard, options.min_rows);
}

SpillReader spill_reader(const std::filesystem::path& folder, const IngestOptions& options, const IngestTables& tables,
                         std::span<const SpillOfRank> ranks) {
  return {folder, tables.row_fields, ranks, !options.time.empty(), tables.has_users(), tables.columns_of_row};
}

}  // namespace warmstart
