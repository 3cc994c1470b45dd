#pragma once

#include <chrono>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "trainer/training.h"

namespace warmstart {

// What a training run leaves behind and shows while it goes on: `config.ini`, `metrics.jsonl`
// and a progress line.  Rank 0's alone.
class RunFolder {
 public:
  // Throws UsageError when the folder already holds a trained model.
  RunFolder(const std::filesystem::path& path, const std::string& configuration);

  void progress(const TrainProgress& progress);
  void validated(std::int64_t step, double error);

 private:
  void add(const nlohmann::json& line);
  void show(const TrainProgress& progress);

  std::filesystem::path path_;
  std::ofstream metrics_;
  double last_validation_ = 0.0;
  std::chrono::steady_clock::time_point last_shown_;
};

}  // namespace warmstart
