#pragma once

#include <filesystem>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>

#include "app/progress_line.h"
#include "checkpoints/run_lock.h"
#include "trainer/training/training.h"

namespace warmstart {

// What a training run leaves behind and shows while it goes on: `config.ini`, `metrics.jsonl`
// and a progress line.  Rank 0's alone.
class RunFolder {
 public:
  // What `metrics.jsonl` says of steps after `step`, which will be taken again, is removed.
  // Validation is by `measure`.
  RunFolder(const std::filesystem::path& path, const std::string& configuration, std::int64_t step, Measure measure);

  void progress(const TrainProgress& progress);
  void validated(std::int64_t step, double value);
  void saved(const WrittenCheckpoint& written);
  void rolled_back(const Rollback& rollback);

 private:
  void add(const nlohmann::json& line);
  void keep_metrics_until(std::int64_t step);
  void show(const TrainProgress& progress);

  std::filesystem::path path_;
  std::ofstream metrics_;
  Measure measure_;
  std::optional<double> last_validation_;
  ProgressDisplay display_;
};

// Makes the folder, holds it for this program and removes what a killed one was writing.
std::unique_ptr<RunLock> lock_run(const std::filesystem::path& path);

}  // namespace warmstart
