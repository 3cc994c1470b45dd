#include "data/ingest_options.h"

#include <fmt/format.h>

#include "base/options.h"
#include "data/cleaning.h"

namespace warmstart {
namespace {

constexpr double kMostRows = 4e9;  // of a task

void declare(Options& add, const std::string& section, TableOptions& table) {
  add.add(section + ".files", table.files, "tables, comma-separated: text or .parquet files, globs allowed");
  add.add(section + ".separator", table.separator, "between columns of text files: one character, or tab");
  if (section != "interactions")
    add.add(section + ".key", table.key, fmt::format("column of the {}'s key", section.substr(0, section.size() - 1)));
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
          "smallest valid label; empty: no bound, and the range is the training tasks'")
      .from(-kLargestNumber)
      .to(kLargestNumber);
  add.add("data.label-max", options.label_max, "largest valid label").from(-kLargestNumber).to(kLargestNumber);
}

void declare_split(Options& add, IngestOptions& options) {
  add.add("data.validation", options.validation, "tasks to choose models by: their share, or a file with a key a line");
  add.add("data.test", options.test, "tasks to judge models on: their share, or a file with a key a line");
  add.add("data.seed", options.seed, "of the split");
}

void declare_interactions(Options& add, IngestOptions& options) {
  declare(add, "interactions", options.interactions);
  add.add("interactions.user", options.user, "column of the user's key");
  add.add("interactions.item", options.item, "column of the item's key");
  add.add("interactions.label", options.label, "column of the target, a number");
  add.add("interactions.time", options.time, "column of the time: a number or ISO 8601; empty: rows are in order");
}

}  // namespace

void declare(Options& add, IngestOptions& options) {
  add.add("data.dataset", options.dataset, "folder of the data set");
  add.add("data.task", options.task, "what is adapted to: user or item");
  add.add("data.shards", options.shards, "files that tasks are spread over").from(1).to(100'000);
  declare_cleaning(add, options);
  declare_split(add, options);
  declare_interactions(add, options);
  declare(add, "users", options.users);
  declare(add, "items", options.items);
}

}  // namespace warmstart
