#include "app/configuration.h"

namespace warmstart {
namespace {

constexpr double kLargestLabel = 1e30;  // labels are stored as float32
constexpr double kMostRows = 4e9;       // of a task

void add_table(Options& add, const std::string& section, TableOptions& table, const std::string& of) {
  add.add(section + ".files", table.files, "tables, comma-separated: text or .parquet files, globs allowed");
  add.add(section + ".separator", table.separator, "between columns of text files: one character, or tab");
  if (section != "interactions") add.add(section + ".key", table.key, fmt::format("column of the {}'s key", of));
  add.add(section + ".categorical", table.categorical, "columns that hold one key, comma-separated");
  add.add(section + ".multi", table.multi, "columns that hold several keys");
  add.add(section + ".multi-separator", table.multi_separator, "between the keys of a cell: text, or space");
  add.add(section + ".dense", table.dense, "columns that hold a number; standardised, missing ones are the mean");
}

}  // namespace

void add_data_options(Options& add, Configuration& c) {
  auto& data = c.data;
  add.add("data.dataset", data.dataset, "folder of the data set");
  add.add("data.task", data.task, "what is adapted to: user or item");
  add.add("data.shards", data.shards, "files that tasks are spread over").from(1).to(100'000);
  add.add("data.on-error", data.on_error, "what a bad row does: fail, or skip (left out, counted by reason)");
  add.add("data.min-rows", data.min_rows, "rows that a task must have, or it is left out").from(2).to(kMostRows);
  add.add("data.min-count", data.min_count, "times a key must occur in training, or it is unknown").from(0);
  add.add("data.min-counts", data.min_counts, "the same for single columns: column:count, comma-separated");
  add.add("data.label-min", data.label_min,
          "smallest valid label; empty: no bound, and the range is the training tasks'")
      .from(-kLargestLabel)
      .to(kLargestLabel);
  add.add("data.label-max", data.label_max, "largest valid label").from(-kLargestLabel).to(kLargestLabel);
  add.add("data.validation", data.validation, "tasks to choose models by: their share, or a file with a key a line");
  add.add("data.test", data.test, "tasks to judge models on: their share, or a file with a key a line");
  add.add("data.seed", data.seed, "of the split");
  add.add("data.verify", c.verify, "check the digest of each file of the data set when it is first opened");
  add_table(add, "interactions", data.interactions, "");
  add.add("interactions.user", data.user, "column of the user's key");
  add.add("interactions.item", data.item, "column of the item's key");
  add.add("interactions.label", data.label, "column of the target, a number");
  add.add("interactions.time", data.time, "column of the time: a number or ISO 8601; empty: rows are in order");
  add_table(add, "users", data.users, "user");
  add_table(add, "items", data.items, "item");
}

}  // namespace warmstart
