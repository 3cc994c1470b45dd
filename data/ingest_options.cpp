#include "data/ingest_options.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <cmath>
#include <set>

#include "base/errors.h"
#include "base/options.h"
#include "base/text.h"
#include "data/cleaning.h"
#include "data/derived_fields.h"
#include "data/side_table.h"

namespace warmstart {
namespace {

constexpr double kMostRows = 4e9;  // of a task

// "user" of "users".
std::string noun_of(const std::string& section) {
  return section == "calendar" ? "day" : section.substr(0, section.size() - 1);
}

void declare(Options& add, const std::string& section, TableOptions& table) {
  add.add(section + ".files", table.files, "tables, comma-separated: text or .parquet files, globs allowed");
  add.add(section + ".separator", table.separator,
          "between columns of text files: one character, tab, or auto (a tab where the header has one, else a comma)");
  add.add(section + ".encoding", table.encoding, "of text files: utf-8 or latin-1");
  add.add(section + ".null-values", table.null_values,
          "cells that mean a missing value, as an empty one does, comma-separated: NA, NULL, -1");
  if (section != "interactions") {
    const auto owner = noun_of(section);
    add.add(section + ".key", table.key, fmt::format("column of the {}'s key", owner));
    add.add(section + ".join", table.join,
            fmt::format("interactions of {}s that the table lacks: inner, they are bad rows; left, they stay, and what "
                        "the table would say is unknown",
                        owner));
  }
  add.add(section + ".categorical", table.categorical, "columns that hold one key, comma-separated");
  add.add(section + ".multi", table.multi, "columns that hold several keys");
  add.add(section + ".multi-separator", table.multi_separator, "between the keys of a cell: text, or space");
  add.add(section + ".dense", table.dense, "columns that hold a number; standardised, missing ones are the mean");
}

void declare_cleaning(Options& add, IngestOptions& options) {
  add.add("data.on-error", options.on_error, "what a bad row does: fail, or skip (left out, counted by reason)");
  // A task needs a row to adapt to and one that judges.
  add.add("data.min-rows", options.min_rows, "rows that a task must have, or it is left out").from(2).to(kMostRows);
  add.add("data.min-count", options.min_count, "times a key must occur in training, or it is unknown").from(0);
  add.add("data.min-counts", options.min_counts, "the same for single columns: column:count, comma-separated");
  add.add("data.label-min", options.label_min,
          "smallest valid label, as it stands in the table; empty: no bound, and the range is the training tasks'")
      .from(-kLargestNumber)
      .to(kLargestNumber);
  add.add("data.label-max", options.label_max, "largest valid label, as it stands in the table")
      .from(-kLargestNumber)
      .to(kLargestNumber);
}

void declare_split(Options& add, IngestOptions& options) {
  add.add("data.validation", options.validation, "tasks to choose models by: their share, or a file with a key a line");
  add.add("data.test", options.test, "tasks to judge models on: their share, or a file with a key a line");
  add.add(
         "data.split-time", options.split_time,
         "rows of training tasks from this time on are left out, and rows from then on judge the other tasks: a number "
         "or ISO 8601, as interactions.time; empty: none")
      .only_with("data.task", {"user", "item", "scenario"});
  add.add("data.seed", options.seed, "of the split");
}

void declare_interactions(Options& add, IngestOptions& options) {
  declare(add, "interactions", options.interactions);
  add.add("interactions.user", options.user, "column of the user's key")
      .only_with("data.task", {"user", "item", "scenario"});
  add.add("interactions.item", options.item, "column of the item's key; of tasks of classes, of the example's");
  add.add("interactions.scenario", options.scenario, "column of the scenario's key")
      .only_with("data.task", {"scenario"});
  add.add("interactions.class", options.class_column, "column of the example's class")
      .only_with("data.task", {"class"});
  add.add("interactions.label", options.label,
          "column of the target, a number; empty: every row is a positive, of label 1, and labels are from 0 to 1")
      .only_with("data.task", {"user", "item", "scenario"});
  add.add("interactions.duplicates", options.duplicates,
          "what rows with one (task, entity), of scenarios with one (scenario, user, item), become: the latest, or the "
          "latest with the sum, count or mean of all their "
          "labels; all: each stays a row of its own")
      .only_with("data.task", {"user", "item", "scenario"});
  add.add("interactions.transform", options.transform,
          "of labels, after label-min, label-max and duplicates: none, log1p, clip:LOW:HIGH, or threshold:X (1 from X "
          "on, "
          "else 0)")
      .only_with("data.task", {"user", "item", "scenario"});
  add.add("interactions.derived", options.derived,
          "fields of rows as they were at the row's time, comma-separated: count-so-far (earlier rows of the task), "
          "days-since-last (since the last of them), popularity-30d (rows of the user or item, of all tasks, in the 30 "
          "days before)");
  add.add("interactions.time", options.time, "column of the time: a number or ISO 8601; empty: rows are in order");
}

void check_shards(std::int64_t shards) {
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  // Each shard's temporary file is open while the interactions are read, beside the tables and what libraries hold.
  constexpr std::int64_t kOthers = 64;
  const auto most = static_cast<std::int64_t>(files.rlim_cur) - kOthers;
  require(shards <= most,
          fmt::format("data.shards = {}: at most {} with the {} files that this process may open (ulimit "
                      "-n)",
                      shards, most, files.rlim_cur));
}

void check_join(const std::string& section, const TableOptions& table) {
  require(!table.files.empty() || table.join == Join::kInner,
          fmt::format("{0}.join = left joins a table, and {0}.files names none", section));
  require(table.files.empty() || !table.key.empty(),
          fmt::format("{}.key must name the column of the {}'s key", section, noun_of(section)));
}

// Two fields of one owner would be stored under one name; `names` are those that it has.
void check_columns(const TableOptions& table, std::set<std::string>& names, std::set<std::string>& countable) {
  for (const auto* columns : {&table.categorical, &table.multi, &table.dense}) {
    for (const auto& column : *columns) {
      require(names.insert(column).second,
              fmt::format("column '{}' is used twice for one table, or for rows of scenarios and their users, too; "
                          "name it once",
                          printable(column)));
      if (columns != &table.dense) countable.insert(column);
    }
  }
}

void check_fields(const IngestOptions& options) {
  std::set<std::string> countable;
  std::set<std::string> of_row, of_entity = {options.task == TaskSide::kItem ? options.user : options.item}, of_task;
  const bool of_scenarios = options.task == TaskSide::kScenario;
  // What is known of its user is a scenario's row's own.
  if (of_scenarios) of_row.insert(options.user);
  check_columns(options.interactions, of_row, countable);
  check_columns(options.users,
                of_scenarios                      ? of_row
                : options.task == TaskSide::kItem ? of_entity
                                                  : of_task,
                countable);
  check_columns(options.items, options.task == TaskSide::kItem ? of_task : of_entity, countable);
  check_columns(options.scenarios, of_task, countable);
  check_columns(options.calendar, of_row, countable);
  for (const auto& name : options.derived)
    require(of_row.insert(name).second,
            fmt::format("interactions.derived: '{}' is a row's field already", printable(name)));
  for (const auto& [column, count] : min_counts_of(options)) {
    require(countable.contains(column),
            fmt::format("data.min-counts: '{}' is no categorical or multi column", printable(column)));
  }
}

void check_keys(const IngestOptions& options) {
  if (options.task == TaskSide::kClass) {
    require(!options.class_column.empty() && !options.item.empty(),
            "interactions.class and interactions.item must name columns");
    require(options.class_column != options.item, "interactions.class and interactions.item name the same column");
    require(options.users.files.empty(), "users.files: tasks of classes have no users; leave it empty");
    return;
  }
  require(!options.user.empty() && !options.item.empty(), "interactions.user and interactions.item must name columns");
  const bool of_scenarios = options.task == TaskSide::kScenario;
  require(!of_scenarios || !options.scenario.empty(), "interactions.scenario must name a column");
  require(!of_scenarios || (options.scenario != options.user && options.scenario != options.item),
          "interactions.scenario names the same column as interactions.user or interactions.item");
  require(options.user != options.item, "interactions.user and interactions.item name the same column");
}

void check_times(const IngestOptions& options) {
  if (!options.time.empty()) return;
  require(options.calendar.files.empty(),
          "calendar.files joins rows by the date of their time, and interactions.time names no column; name it");
  require(options.derived.empty(),
          "interactions.derived is of the time before a row, and interactions.time names no column; name it");
}

// A file is cleaned when nothing is known of the others.
void check_grouped(const IngestOptions& options) {
  if (!is_grouped(options)) return;
  require(
      !options.split_time.is_set(),
      "data.grouped = true cleans a file's tasks before all tasks are split, and data.split-time leaves out rows of "
      "those to train on; set data.grouped = false, or leave data.split-time empty");
  require(
      !needs_entity_days(options.derived),
      "data.grouped = true cleans each file by itself, and popularity-30d counts the rows of all; set data.grouped = "
      "false, or leave popularity-30d out of interactions.derived");
}

// Rows without a label are positives, or are counted.
void check_labels(const IngestOptions& options) {
  if (options.task == TaskSide::kClass || !options.label.empty()) return;
  require(!options.label_min && !options.label_max,
          "data.label-min and data.label-max are bounds of labels, and interactions.label names no column; name it, or "
          "leave the bounds empty");
  require(options.duplicates != Duplicates::kSum && options.duplicates != Duplicates::kMean,
          fmt::format("interactions.duplicates = {} is of labels, and interactions.label names no column; name it, or "
                      "set interactions.duplicates = count",
                      to_text(options.duplicates)));
  require(
      options.duplicates == Duplicates::kCount || options.transform.kind == LabelTransform::Kind::kNone,
      fmt::format("interactions.transform = {} is of labels, and interactions.label names no column; name it, or set "
                  "interactions.duplicates = count",
                  to_text(options.transform)));
}

}  // namespace

void declare(Options& add, IngestOptions& options) {
  add.add("data.dataset", options.dataset, "folder of the data set");
  add.add("data.task", options.task,
          "what is adapted to: user, item, scenario (whatever interactions.scenario names: a page, a market), or class "
          "(to tell classes apart, by a few examples)");
  add.add("data.append", options.append,
          "files of new interactions, globs allowed: they make the next version of the data set beside the last one, "
          "data.dataset.v2, with the ids and splits of what is known; empty: ingest interactions.files")
      .neutral();
  add.add(
         "data.statistics", options.statistics,
         "what data.append does with the last version's means and deviations of dense fields: frozen, they stay, and "
         "models of that version fit; renewed, they are those of all rows, every shard is written anew, and models are "
         "trained anew; a first version is not asked")
      .neutral();
  add.add("data.grouped", options.grouped,
          "whether each file of interactions.files holds all rows of its tasks, as engines that partition by the task "
          "write them: a file's tasks are then cleaned as it is read, and a task in two files ends the ingest");
  add.add("data.shards", options.shards, "files that tasks are spread over").from(1).to(100'000);
  declare_cleaning(add, options);
  declare_split(add, options);
  declare_interactions(add, options);
  declare(add, "users", options.users);
  declare(add, "items", options.items);
  declare(add, "scenarios", options.scenarios);
  declare(add, "calendar", options.calendar);
}

void check(const IngestOptions& options) {
  check_shards(options.shards);
  require(options.label_min.value_or(-INFINITY) <= options.label_max.value_or(INFINITY),
          "data.label-min is larger than data.label-max");
  require(!options.interactions.files.empty(), "interactions.files is not set: name the table of interactions");
  require(!options.split_time.is_set() || !options.time.empty(),
          fmt::format("data.split-time = {} is of the rows' times, and interactions.time names no column; name it, or "
                      "leave data.split-time empty",
                      printable(options.split_time.text)));
  check_keys(options);
  check_labels(options);
  check_join("users", options.users);
  check_join("items", options.items);
  check_join("scenarios", options.scenarios);
  check_join("calendar", options.calendar);
  check_times(options);
  check_grouped(options);
  require(options.scenarios.files.empty() || options.task == TaskSide::kScenario,
          "scenarios.files: only tasks of scenarios have a table of them; set data.task = scenario, or leave it empty");
  check_fields(options);
}

}  // namespace warmstart
