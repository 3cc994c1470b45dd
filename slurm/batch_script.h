#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace warmstart {

// What a job asks Slurm for.  Empty texts are left to the cluster's defaults.
struct JobOptions {
  std::int64_t nodes = 1, ranks_per_node = 1, gpus_per_node = 0;
  std::int64_t cpus_per_rank = 0;  // 0: as many as train.threads
  std::string time, partition, account, qos, constraint, mpi = "pmix";
  std::vector<std::string> sbatch_options;
  std::int64_t warn_seconds = 0;  // before the time limit; 0: measured
  std::int64_t requeues = 3;      // in a row without a newer checkpoint
};

struct Job {
  std::filesystem::path run;         // absolute; of a sweep: the folder of its points
  std::vector<std::string> command;  // the program and its arguments
  std::int64_t points = 0;           // of a sweep; 0: one run
  std::string array;                 // of a sweep: the points to run, as sbatch --array has it
};

// The folder of a sweep's point.
std::filesystem::path point_folder(const std::filesystem::path& sweep, std::int64_t point);

// A script for sbatch (Slurm 21.08 or later) that runs the job's ranks, is warned before its time is up, and sends
// itself again after a signal, a crash or the loss of a node, until `requeues` lives in a row left no newer checkpoint.
std::string batch_script(const JobOptions& options, const Job& job);

}  // namespace warmstart
