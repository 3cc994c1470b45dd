#include "app/submission.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <charconv>
#include <chrono>
#include <cmath>
#include <fstream>
#include <thread>

#include "base/files.h"
#include "base/stopwatch.h"
#include "checkpoints/checkpoint.h"
#include "cluster/cuda_flavour.h"
#include "data/dataset.h"
#include "slurm/slurm_command.h"
#include "trainer/learner/learner.h"

namespace warmstart {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kTrialBytes = 64 << 20;
constexpr std::int64_t kMostRanks = 1 << 20;  // one a microbatch
constexpr std::int64_t kFewestWarnSeconds = 60;

// By what earlier checkpoints of the run took, or by a trial on its disk.
double seconds_to_save(const fs::path& run, std::int64_t checkpoint_bytes) {
  double seconds = 0.0;
  for (const auto& folder : checkpoints_of(run)) {
    try {
      seconds = std::max(seconds, read_manifest(folder).write_seconds);
    } catch (const DataError&) {
      // A damaged one tells nothing.
    }
  }
  if (seconds > 0.0) return seconds;
  const auto bytes = std::min(checkpoint_bytes, kTrialBytes);
  const auto trial = run / "write-trial";
  const Stopwatch stopwatch;
  write_file(trial, std::string(static_cast<std::size_t>(bytes), 'x'));
  seconds = stopwatch.seconds();
  fs::remove(trial);
  return seconds * static_cast<double>(checkpoint_bytes) / static_cast<double>(bytes);
}

// Of "5:0", the exit code and the signal.
int first_number(const std::string& text) {
  int number = static_cast<int>(ExitCode::kFailure);
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

bool is_over(const std::string& state) {
  for (const auto* over : {"COMPLETED", "FAILED", "CANCELLED", "TIMEOUT", "OUT_OF_MEMORY", "BOOT_FAIL", "DEADLINE",
                           "NODE_FAIL", "PREEMPTED"}) {
    if (state.starts_with(over)) return true;
  }
  return false;
}

}  // namespace

std::string own_program() { return fs::read_symlink("/proc/self/exe").string(); }

std::int64_t ranks_of(const JobOptions& options) {
  require(options.nodes <= kMostRanks / options.ranks_per_node,
          fmt::format("submit.nodes = {} with submit.ranks-per-node = {}: at most {} ranks can train together",
                      options.nodes, options.ranks_per_node, kMostRanks));
  return options.nodes * options.ranks_per_node;
}

CheckedTraining check_training(const std::vector<std::string>& arguments, std::int64_t ranks) {
  if (arguments.empty() || arguments[0] != "train")
    throw UsageError("what to run is missing: warmstart submit [options] -- train --config FILE.ini");
  CheckedTraining training;
  auto options = options_of(training.configuration);
  options.parse({arguments.begin() + 1, arguments.end()}, {.own_section = "train", .flags = {}});
  check(training.configuration, static_cast<int>(ranks));
  require(training.configuration.resume.from != Resume::From::kNothing,
          "--resume never: a job that is sent again must go on from its checkpoints");
  const Dataset dataset(training.configuration.data.dataset, false);
  const Learner model(dataset.schema(), training.configuration.model, training.configuration.train.seed, make_network,
                      home_of(training.configuration.train.tables, dataset.schema(), 0, static_cast<int>(ranks)));
  training.resolved = options.resolved();
  // Parameters, two moments, and the best so far.
  training.checkpoint_bytes =
      4 * static_cast<std::int64_t>(model.parameters().flat().nbytes() + 4 * ranks * model.sharded_tables().count());
  return training;
}

std::string why_gpus_are_idle(const JobOptions& options, DeviceKind device) {
  if (options.gpus_per_node == 0) return "";
  if (device == DeviceKind::kCpu)
    return "submit.gpus-per-node asks for GPUs, but train.device = cpu: they would stand idle; take --device cuda";
  if (!is_cuda_flavour())
    return "submit.gpus-per-node asks for GPUs, but this program was built without CUDA; submit with one that was";
  return "";
}

JobOptions completed(JobOptions options, const CheckedTraining& training, const fs::path& run) {
  if (const auto idle = why_gpus_are_idle(options, training.configuration.device); !idle.empty()) spdlog::warn(idle);
  if (options.cpus_per_rank == 0) options.cpus_per_rank = training.configuration.threads;
  if (options.warn_seconds == 0) {
    const double seconds = seconds_to_save(run, training.checkpoint_bytes);
    options.warn_seconds = std::max(kFewestWarnSeconds, static_cast<std::int64_t>(std::ceil(30 + 3 * seconds)));
    spdlog::info("saving {:.1f} MB takes {:.2f} s on this disk: warned {} s before the time limit",
                 static_cast<double>(training.checkpoint_bytes) / 1e6, seconds, options.warn_seconds);
  }
  return options;
}

std::string send(const std::string& script, const fs::path& folder) {
  write_file(folder / "job.sh", script);
  auto job = sbatch(folder / "job.sh");
  write_file(folder / "slurm.json", nlohmann::json({{"job", job}}).dump(2) + "\n");
  return job;
}

int follow(const std::string& job, const fs::path& log) {
  std::ifstream file;
  // A job looks ended for a moment while it is requeued.
  for (int over = 0;;) {
    const auto facts = job_facts(job);
    if (!file.is_open()) file.open(log);
    file.clear();
    for (std::string line; std::getline(file, line);) fmt::print("{}\n", line);
    std::fflush(stdout);
    if (!facts)
      throw EnvironmentError(fmt::format("job {}: Slurm does not know it any more; its log is {}", job, log.string()));
    over = is_over(facts->at("JobState")) ? over + 1 : 0;
    if (over == 3) {
      const auto code = first_number(facts->at("ExitCode"));
      return code == 0 && facts->at("JobState") != "COMPLETED" ? static_cast<int>(ExitCode::kFailure) : code;
    }
    std::this_thread::sleep_for(std::chrono::seconds(1));
  }
}

}  // namespace warmstart
