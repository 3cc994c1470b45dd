#include "slurm/slurm_command.h"

#include <fmt/format.h>

#include <sstream>

#include "base/errors.h"
#include "base/program.h"

namespace warmstart {
bool slurm_is_here() { return is_on_path("sbatch"); }

void require_slurm() {
  if (!slurm_is_here())
    throw EnvironmentError(
        "Slurm is not on this machine: there is no sbatch on the PATH; log in to a node of the cluster, or load its "
        "module");
}

std::string sbatch(const std::filesystem::path& script) {
  require_slurm();
  const auto sent = run_program_to_end({"sbatch", "--parsable", script.string()});
  if (sent.exit_code != 0)
    throw EnvironmentError(fmt::format("{}: sbatch refused it: {}", script.string(), sent.first_line()));
  // "<job>" or "<job>;<cluster>".
  return sent.output.substr(0, sent.output.find_first_of(";\n"));
}

std::optional<JobFacts> job_facts(const std::string& job) {
  // What slurm.json says of a job may be anybody's words, which must not be another option of scontrol.
  if (job.empty() || job.find_first_not_of("0123456789_+") != std::string::npos) return std::nullopt;
  const auto shown = run_program_to_end({"scontrol", "--oneliner", "show", "job", job});
  if (shown.exit_code != 0) return std::nullopt;
  JobFacts facts;
  std::istringstream words(shown.output.substr(0, shown.output.find('\n')));
  for (std::string word; words >> word;) {
    if (const auto equals = word.find('='); equals != std::string::npos)
      facts.emplace(word.substr(0, equals), word.substr(equals + 1));
  }
  return facts;
}

std::map<std::string, std::string> own_jobs() {
  const auto shown = run_program_to_end({"squeue", "--me", "--noheader", "--format=%i|%j|%k"});
  if (shown.exit_code != 0) throw EnvironmentError(fmt::format("squeue failed: {}", shown.first_line()));
  std::map<std::string, std::string> jobs;
  std::istringstream lines(shown.output);
  for (std::string line; std::getline(lines, line);) {
    const auto first = line.find('|'), second = line.find('|', first + 1);
    if (second != std::string::npos && line.compare(first + 1, 10, "warmstart-") == 0)
      jobs[line.substr(0, first)] = line.substr(second + 1);
  }
  return jobs;
}

}  // namespace warmstart
