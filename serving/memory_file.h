// Tasks' memories as Parquet, for feature stores and caches: a row a task.
//
//   <task>           text            the task's raw key; the column is named like the schema's task ("user")
//   event_timestamp  timestamp, UTC  of the latest support row; null without rows
//   model, version   text            who made the memory
//   support_rows     int32           of how many rows
//   memory           list<float>     by the layout
//
// The file's metadata say of all rows who made them, and how: the keys below.

#pragma once

#include <optional>
#include <string>
#include <vector>

#include "serving/memory_layout.h"

namespace warmstart {

constexpr const char* kTimeColumn = "event_timestamp";
constexpr const char* kModelColumn = "model";
constexpr const char* kVersionColumn = "version";
constexpr const char* kRowsColumn = "support_rows";
constexpr const char* kMemoryColumn = "memory";

constexpr const char* kModelKey = "warmstart.model";
constexpr const char* kVersionKey = "warmstart.version";
constexpr const char* kDigestKey = "warmstart.digest";  // of model.json
constexpr const char* kLayoutKey = "warmstart.layout";  // what model.json says of the memory

// Whose memories these are.
struct MemoryMaker {
  std::string model, version, digest;
};

// What writers and readers of a file agree on.
struct MemoryFormat {
  std::string task;  // the schema's
  MemoryMaker maker;
  MemoryLayout layout;
};

struct KeptMemory {
  std::string key;
  std::optional<double> time;  // seconds since 1970 of the latest support row
  std::int64_t rows = 0;       // that it was made of
  std::vector<float> numbers;
};

}  // namespace warmstart
