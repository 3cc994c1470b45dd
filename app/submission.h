#pragma once

#include "app/command.h"
#include "slurm/batch_script.h"

namespace warmstart {

// A training command line as a job would run it, checked: options, data set, model, number of ranks.
// Throws as the training would.
struct CheckedTraining {
  Configuration configuration;
  std::string resolved;           // INI text
  std::int64_t checkpoint_bytes;  // of all ranks
};
// Throws UsageError when they are too many.
std::int64_t ranks_of(const JobOptions& options);

CheckedTraining check_training(const std::vector<std::string>& arguments, std::int64_t ranks);

// Empty where the GPUs that a job asks for are used, if any.
std::string why_gpus_are_idle(const JobOptions& options, DeviceKind device);

// The job's options with what is measured or taken from the training filled in: cpus, and the time that saving takes on
// the disk of `run`, with a margin.
JobOptions completed(JobOptions options, const CheckedTraining& training, const std::filesystem::path& run);

// Writes `script`, sends it unless it is a dry run, and notes the job's id in `folder`/slurm.json.  Returns the id.
std::string send(const std::string& script, const std::filesystem::path& folder);

// Follows a job's log on stdout until the job is over.  Returns its exit code.
int follow(const std::string& job, const std::filesystem::path& log);

std::string own_program();

}  // namespace warmstart
