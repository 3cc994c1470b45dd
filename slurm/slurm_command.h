#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace warmstart {

// Throws EnvironmentError when Slurm's commands are not on this machine.
void require_slurm();
bool slurm_is_here();

// Sends a batch script; returns the job's id.  Throws EnvironmentError with sbatch's own words.
std::string sbatch(const std::filesystem::path& script);

// What `scontrol show job` says (JobState, Restarts, ExitCode, ...); nothing for a job that Slurm has forgotten.
using JobFacts = std::map<std::string, std::string>;
std::optional<JobFacts> job_facts(const std::string& job);

// The comments (a run's folder) by id of this user's jobs whose name starts with warmstart-.
std::map<std::string, std::string> own_jobs();

}  // namespace warmstart
