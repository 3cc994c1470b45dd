// Everything that a user can set, in one list: it serves the command line, INI files,
// --help and the configuration that a run saves.

#pragma once

#include <filesystem>

#include "app/serving_options.h"
#include "base/options.h"
#include "cluster/device.h"
#include "data/ingest_options.h"
#include "data/synthetic.h"
#include "slurm/batch_script.h"
#include "trainer/baselines/als.h"
#include "trainer/cost/machine_options.h"
#include "trainer/evaluation/evaluation.h"
#include "trainer/learner/learner.h"
#include "trainer/training/training.h"

namespace warmstart {

// How gradients travel between ranks: NCCL on GPUs and MPI else; MPI from host memory; NCCL.
enum class Exchange { kAuto, kMpi, kNccl };
NLOHMANN_JSON_SERIALIZE_ENUM(Exchange, {{Exchange::kAuto, "auto"}, {Exchange::kMpi, "mpi"}, {Exchange::kNccl, "nccl"}})

// Where a run starts: from its own newest good checkpoint, if it has one; only in an empty folder; or, in an empty
// folder, from a checkpoint of another run.
struct Resume {
  enum class From { kNewest, kNothing, kOther };
  From from = From::kNewest;
  std::filesystem::path other;
};
std::string to_text(const Resume& resume);  // auto, never or the path
void read(const std::string& text, const Range& range, Resume& resume);

struct Configuration {
  IngestOptions data;
  bool verify = true;  // check the digest of each file of the data set when it is first opened
  SyntheticOptions synthesize;
  ModelOptions model;
  MachineOptions machine;  // of a plan
  TrainOptions train;
  std::filesystem::path run;  // folder of a training run
  Resume resume;
  std::filesystem::path start_from;  // run whose parameters training starts with, perhaps
  std::int64_t threads = 1;          // a rank
  DeviceKind device = DeviceKind::kCpu;
  Exchange exchange = Exchange::kAuto;
  EvaluationOptions evaluate;
  AlsOptions als;
  std::filesystem::path joint;       // run of a jointly trained model to compare with
  std::vector<int> inner_steps;      // numbers of inner steps with which `run` is judged, too
  std::filesystem::path against;     // another run, to compare `run` with task by task
  std::filesystem::path evaluation;  // where evaluate writes, and report reads
  std::filesystem::path report;      // where report writes
  ExportSettings exporting;
  PredictSettings predict;
  JobOptions submit;
  bool dry_run = false;                 // submit and sweep print the script
  bool wait = false;                    // submit follows the job
  std::filesystem::path sweep;          // folder of a sweep's points
  std::int64_t sweep_points = 0;        // drawn from the grid; 0 means all
  std::filesystem::path sweep_summary;  // folder of a sweep to sum up
};

// The options of a training run, complete.
EvaluationOptions evaluation_options(const Configuration& configuration);
TrainOptions train_options(const Configuration& configuration);

// Throws UsageError when no training run can start with this configuration on so many ranks.
void check(const Configuration& configuration, int ranks);

// Throws UsageError when this host is too small for what the configuration asks of it.  A job that is sent to other
// hosts is checked there.
void check_host(const Configuration& configuration);

// The first option that two resolved configurations of runs differ in and that changes what is learned, with both
// values; empty when there is none.
std::string first_difference(const std::string& was, const std::string& is);

// The options over `configuration`, whose values are the defaults.
Options options_of(Configuration& configuration);

}  // namespace warmstart
