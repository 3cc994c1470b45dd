#include "app/configuration.h"

namespace warmstart {
namespace {

constexpr double kMostNodes = 1e6, kMostPerNode = 1e5, kMostSeconds = 1e7;

void add_sweep_options(Options& add, Configuration& c) {
  add.add("sweep.to", c.sweep, "folder of the sweep, one run a point");
  add.add("sweep.random", c.sweep_points, "points drawn from the grid, by train.seed; 0: all").from(0).to(1e6);
  add.add("sweep.summary", c.sweep_summary,
          "folder of a sweep: print its results and draw them into summary.svg, send nothing");
  add.add("sweep.dry-run", c.dry_run, "print the script, send nothing");
}

}  // namespace

void add_submit_options(Options& add, Configuration& c) {
  auto& submit = c.submit;
  add.add("submit.nodes", submit.nodes, "nodes").from(1).to(kMostNodes);
  add.add("submit.ranks-per-node", submit.ranks_per_node, "ranks on each node").from(1).to(kMostPerNode);
  add.add("submit.gpus-per-node", submit.gpus_per_node, "GPUs of each node").from(0).to(kMostPerNode);
  add.add("submit.cpus-per-rank", submit.cpus_per_rank, "CPUs of each rank; 0: train.threads").from(0).to(kMostPerNode);
  add.add("submit.time", submit.time, "time limit as sbatch has it: minutes, or hours:minutes:seconds");
  add.add("submit.partition", submit.partition, "of the cluster");
  add.add("submit.account", submit.account, "to charge");
  add.add("submit.qos", submit.qos, "quality of service");
  add.add("submit.constraint", submit.constraint, "features that nodes must have");
  add.add("submit.sbatch-option", submit.sbatch_options,
          "more options of sbatch, comma-separated, such as --exclusive");
  add.add("submit.mpi", submit.mpi, "srun's MPI plugin");
  add.add("submit.warn-seconds", submit.warn_seconds,
          "before the time limit, when the run is told to save; 0: measured, with a margin")
      .from(0)
      .to(kMostSeconds);
  add.add("submit.requeues", submit.requeues,
          "times that a job is sent again without a newer checkpoint before it is given up")
      .from(0)
      .to(1e6);
  add.add("submit.dry-run", c.dry_run, "print the script, send nothing");
  add.add("submit.wait", c.wait, "follow the log and end with the job's exit code");
  add_sweep_options(add, c);
}

}  // namespace warmstart
