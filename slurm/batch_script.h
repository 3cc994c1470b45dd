#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "slurm/job_options.h"

namespace warmstart {

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
