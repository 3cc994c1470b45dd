#include "slurm/slurm_command.h"

#include <fmt/format.h>
#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <sstream>

#include "base/errors.h"

namespace warmstart {
namespace {

struct Output {
  int exit_code;
  std::string text;  // of both streams
};

Output run_shell(const std::string& command) {
  FILE* pipe = popen((command + " 2>&1").c_str(), "r");
  if (!pipe) throw EnvironmentError("cannot start a shell");
  std::string text;
  std::array<char, 4096> piece;
  while (const auto count = fread(piece.data(), 1, piece.size(), pipe)) text.append(piece.data(), count);
  const int status = pclose(pipe);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128, text};
}

}  // namespace

std::string quoted(const std::string& text) {
  const auto plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./=,:@%+-";
  if (!text.empty() && text.find_first_not_of(plain) == std::string::npos) return text;
  std::string result = "'";
  for (const char c : text) result += c == '\'' ? "'\\''" : std::string(1, c);
  return result + "'";
}

bool slurm_is_here() { return run_shell("command -v sbatch").exit_code == 0; }

void require_slurm() {
  if (!slurm_is_here())
    throw EnvironmentError(
        "Slurm is not on this machine: there is no sbatch on the PATH; log in to a node of the cluster, or load its "
        "module");
}

std::string sbatch(const std::filesystem::path& script) {
  require_slurm();
  const auto output = run_shell("sbatch --parsable " + quoted(script.string()));
  const auto line = output.text.substr(0, output.text.find('\n'));
  if (output.exit_code != 0) throw EnvironmentError(fmt::format("{}: sbatch refused it: {}", script.string(), line));
  return line.substr(0, line.find(';'));
}

std::optional<JobFacts> job_facts(const std::string& job) {
  const auto output = run_shell("scontrol --oneliner show job " + quoted(job));
  if (output.exit_code != 0) return std::nullopt;
  JobFacts facts;
  std::istringstream words(output.text.substr(0, output.text.find('\n')));
  for (std::string word; words >> word;) {
    if (const auto equals = word.find('='); equals != std::string::npos)
      facts.emplace(word.substr(0, equals), word.substr(equals + 1));
  }
  return facts;
}

std::map<std::string, std::string> own_jobs() {
  const auto output = run_shell("squeue --me --noheader --format='%i|%j|%k'");
  if (output.exit_code != 0)
    throw EnvironmentError(fmt::format("squeue failed: {}", output.text.substr(0, output.text.find('\n'))));
  std::map<std::string, std::string> jobs;
  std::istringstream lines(output.text);
  for (std::string line; std::getline(lines, line);) {
    const auto first = line.find('|'), second = line.find('|', first + 1);
    if (second != std::string::npos && line.compare(first + 1, 10, "warmstart-") == 0)
      jobs[line.substr(0, first)] = line.substr(second + 1);
  }
  return jobs;
}

}  // namespace warmstart
