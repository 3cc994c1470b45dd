#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace warmstart {

// One table: its files and what its columns are.
struct TableOptions {
  std::vector<std::string> files;  // paths or globs; .parquet files are Parquet, all others text
  std::string separator = ",";     // one character, or "tab"
  std::string key;                 // users, items: the column that interactions refer to
  std::vector<std::string> categorical;
  std::vector<std::string> multi;  // several values in one cell
  std::string multi_separator = "|";
  std::vector<std::string> dense;
};

struct IngestOptions {
  std::filesystem::path dataset;
  std::string task = "user";  // or "item"
  TableOptions interactions, users, items;
  std::string user, item, label, time;  // columns of the interactions; time may be empty
  std::optional<double> label_min, label_max;
  std::string on_error = "fail";  // or "skip"
  std::int64_t shards = 4;
  std::int64_t min_rows = 4;                     // a task with fewer is left out
  std::int64_t min_count = 1;                    // a key seen in fewer training rows, items or users is unknown
  std::vector<std::string> min_counts;           // "column:count"
  std::string validation = "0.1", test = "0.2";  // share of the tasks, or a file with one task key a line
  std::uint64_t seed = 0;
};

}  // namespace warmstart
