#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "base/options.h"
#include "serving/onnx_model.h"

namespace warmstart {

// Of `export`.
struct ExportSettings {
  std::filesystem::path run, to;
  std::string name = "recommender";
  std::optional<std::int64_t> most_support;  // empty: what training used
  WeightPrecision precision = WeightPrecision::kFloat32;
  bool items = false;              // ranked by a graph of their own
  std::string since;               // an older version in the repository: what has changed is written, too
  std::filesystem::path apply;     // such changes, to be applied there, instead of an export
  bool evaluate = false;           // the exported graph beside the trainer
  std::filesystem::path memories;  // Parquet file of the tasks' memories
  std::filesystem::path model;     // that makes them, where none is exported
};

constexpr const char* kAllCandidates = "all";

// Of `predict`.
struct PredictSettings {
  std::filesystem::path model, run;         // one of the two
  std::filesystem::path support;            // table
  std::string task;                         // key in the run's data set, instead of a table, or in memories
  std::filesystem::path memories;           // instead of support rows
  std::string candidates = kAllCandidates;  // or a table
  std::int64_t top = 10;
  bool explain = false, deviation = false, seen = false;
  std::filesystem::path titles;  // table of the entities
  std::string title;             // its column
};

void declare(Options& add, ExportSettings& settings);
void declare(Options& add, PredictSettings& settings);

}  // namespace warmstart
