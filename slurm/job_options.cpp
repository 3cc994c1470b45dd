#include "slurm/job_options.h"

#include "base/options.h"

namespace warmstart {
namespace {

void declare_ranks(Options& add, JobOptions& options) {
  constexpr double kMostNodes = 1e6, kMostPerNode = 1e5;
  add.add("submit.nodes", options.nodes, "nodes").from(1).to(kMostNodes);
  add.add("submit.ranks-per-node", options.ranks_per_node, "ranks on each node").from(1).to(kMostPerNode);
  add.add("submit.gpus-per-node", options.gpus_per_node, "GPUs of each node").from(0).to(kMostPerNode);
  add.add("submit.cpus-per-rank", options.cpus_per_rank, "CPUs of each rank; 0: train.threads")
      .from(0)
      .to(kMostPerNode);
}

}  // namespace

void declare(Options& add, JobOptions& options) {
  declare_ranks(add, options);
  add.add("submit.time", options.time, "time limit as sbatch has it: minutes, or hours:minutes:seconds");
  add.add("submit.partition", options.partition, "of the cluster");
  add.add("submit.account", options.account, "to charge");
  add.add("submit.qos", options.qos, "quality of service");
  add.add("submit.constraint", options.constraint, "features that nodes must have");
  add.add("submit.sbatch-option", options.sbatch_options,
          "more options of sbatch, comma-separated, such as --exclusive");
  add.add("submit.mpi", options.mpi, "srun's MPI plugin");
  add.add("submit.warn-seconds", options.warn_seconds,
          "before the time limit, when the run is told to save; 0: measured, with a margin")
      .from(0)
      .to(1e7);
  add.add("submit.requeues", options.requeues,
          "times that a job is sent again without a newer checkpoint before it is given up")
      .from(0)
      .to(1e6);
}

}  // namespace warmstart
