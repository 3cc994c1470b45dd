#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace warmstart {

class Options;

// What a job asks Slurm for.  Empty texts are left to the cluster's defaults.
struct JobOptions {
  std::int64_t nodes = 1, ranks_per_node = 1, gpus_per_node = 0;
  std::int64_t cpus_per_rank = 0;  // 0: as many as train.threads
  std::string time, partition, account, qos, constraint, mpi = "pmix";
  std::vector<std::string> sbatch_options;
  std::int64_t warn_seconds = 0;  // before the time limit; 0: measured
  std::int64_t requeues = 3;      // in a row without a newer checkpoint
};

// The section submit.
void declare(Options& add, JobOptions& options);

}  // namespace warmstart
