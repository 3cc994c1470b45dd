#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "data/label_transform.h"
#include "data/split_time.h"
#include "data/text_encoding.h"

namespace warmstart {

class Options;

// Whose rows a task is.  kClass: a class's rows are its examples, and a task is drawn in an episode: some classes, a
// few examples of each (N-way K-shot).  kScenario: whatever a column of the interactions names, such as a page, a
// market or a campaign; its rows are of many users and items.
enum class TaskSide { kUser, kItem, kClass, kScenario };

// What a bad row does: it ends the ingest, or is left out and counted by reason.
enum class OnError { kFail, kSkip };

// What becomes of several rows with one (task, entity), or one (scenario, user, item): the latest stays, with its label
// or one that all of them make, or each stays.
enum class Duplicates { kLatest, kSum, kCount, kMean, kAll };

// What becomes of an interaction whose user or item the table of users or items lacks: a bad row, or one without fields
// of theirs.
enum class Join { kInner, kLeft };

// Of what the scales of numbers, the range of the labels and all counts are in the next version of a data set: kFrozen,
// scales of the last version and the rest of all rows; kRenewed, all of them of all rows, as if one ingest had read
// them.
enum class Statistics { kFrozen, kRenewed };

// The names of these in configurations.
NLOHMANN_JSON_SERIALIZE_ENUM(TaskSide, {{TaskSide::kUser, "user"},
                                        {TaskSide::kItem, "item"},
                                        {TaskSide::kClass, "class"},
                                        {TaskSide::kScenario, "scenario"}})
NLOHMANN_JSON_SERIALIZE_ENUM(OnError, {{OnError::kFail, "fail"}, {OnError::kSkip, "skip"}})
NLOHMANN_JSON_SERIALIZE_ENUM(Statistics, {{Statistics::kFrozen, "frozen"}, {Statistics::kRenewed, "renewed"}})
NLOHMANN_JSON_SERIALIZE_ENUM(Join, {{Join::kInner, "inner"}, {Join::kLeft, "left"}})
NLOHMANN_JSON_SERIALIZE_ENUM(Duplicates, {{Duplicates::kLatest, "latest"},
                                          {Duplicates::kSum, "sum"},
                                          {Duplicates::kCount, "count"},
                                          {Duplicates::kMean, "mean"},
                                          {Duplicates::kAll, "all"}})

// One table: its files and what its columns are.
struct TableOptions {
  std::vector<std::string> files;  // paths or globs, of text or Parquet
  std::string separator = ",";     // one character, "tab", or "auto": a tab where the header has one, else a comma
  std::string key;                 // users, items: the column that interactions refer to
  std::vector<std::string> categorical;
  std::vector<std::string> multi;  // several values in one cell
  std::string multi_separator = "|";
  std::vector<std::string> dense;
  std::vector<std::string> null_values;         // cells that mean that a value is missing, as an empty one does
  TextEncoding encoding = TextEncoding::kUtf8;  // of text
  Join join = Join::kInner;                     // users, items
};

struct IngestOptions {
  std::filesystem::path dataset;
  TaskSide task = TaskSide::kUser;
  TableOptions interactions, users, items, scenarios;
  TableOptions calendar;  // of days, which rows are joined to by their times
  // Columns of the interactions.  Time may be empty, and so may the label: every row is then a positive, of label 1.
  // Tasks of classes have no user and no label.
  std::string user, item, scenario, class_column, label, time;
  std::optional<double> label_min, label_max;  // of a row's label as it stands in the table
  std::vector<std::string> derived;            // fields of rows; see derived_fields.h
  Duplicates duplicates = Duplicates::kLatest;
  LabelTransform transform;  // of the label that `duplicates` leaves
  OnError on_error = OnError::kFail;
  bool grouped = false;  // each file of interactions.files holds all rows of its tasks
  std::int64_t shards = 4;
  std::int64_t min_rows = 4;                     // a task with fewer is left out
  std::int64_t min_count = 1;                    // a key seen in fewer training rows, items or users is unknown
  std::vector<std::string> min_counts;           // "column:count"
  std::vector<std::string> append;               // files of new rows, which make the next version of the data set
  Statistics statistics = Statistics::kFrozen;   // of that version
  std::string validation = "0.1", test = "0.2";  // share of the tasks, or a file with one task key a line
  SplitTime split_time;                          // from which on rows of training tasks are left out
  std::uint64_t seed = 0;
};

// Whether files are read as data.grouped says: appended ones hold rows of tasks that others hold rows of, too.
inline bool is_grouped(const IngestOptions& options) { return options.grouped && options.append.empty(); }

// The sections data, interactions, users, items, scenarios and calendar.
void declare(Options& add, IngestOptions& options);

// Throws UsageError for options that do not go together, or that this host cannot do.
void check(const IngestOptions& options);

}  // namespace warmstart
