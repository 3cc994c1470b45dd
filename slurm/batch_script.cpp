#include "slurm/batch_script.h"

#include <fmt/format.h>

#include <cctype>
#include <string_view>

#include "base/errors.h"
#include "base/text.h"
#include "slurm/shell_quoted.h"

namespace warmstart {
namespace {

namespace fs = std::filesystem;

constexpr const char* kLives = R"bash(
newest_checkpoint() { ls "$run" 2>/dev/null | grep -E '^step-[0-9]+$' | sort -t- -k2 -n | tail -n 1; }

# How many lives of this job, one after the other, ended without a newer checkpoint.  Written before the ranks start:
# a node that dies takes this script with it.
before=$(newest_checkpoint)
lives=0
if read -r last_job last_lives last_checkpoint 2>/dev/null <"$run/requeues" && [ "$last_job" = "$SLURM_JOB_ID" ] &&
  [ "$last_checkpoint" = "${before:-none}" ]; then
  lives=$((last_lives + 1))
fi
give_up() {
  echo "warmstart: $lives lives of job $SLURM_JOB_ID left no newer checkpoint: given up. Look at the messages above."
  exit "$1"
}
[ "$lives" -gt "$requeues" ] && give_up 1
echo "$SLURM_JOB_ID $lives ${before:-none}" >"$run/requeues"
echo "warmstart: job $SLURM_JOB_ID, life ${SLURM_RESTART_COUNT:-0}, on $SLURM_JOB_NODELIST, from ${before:-the start}"
)bash";

constexpr const char* kEnd = R"bash(code=$?

case $code in
  0) exit 0 ;;
  2 | 3 | 5 | 130) echo "warmstart: ended with exit code $code; asking again will not help"; exit "$code" ;;
esac
[ "$(newest_checkpoint)" = "$before" ] && { lives=$((lives + 1)); [ "$lives" -gt "$requeues" ] && give_up "$code"; }
echo "warmstart: ended with exit code $code; job $SLURM_JOB_ID is sent again"
scontrol requeue "$SLURM_JOB_ID" || exit "$code"
sleep 60 # until Slurm ends this life
)bash";

// A line ends a directive, and what follows would be one of its own, or a command.
void check_one_line(const std::string& value) {
  for (const char c : value)
    require(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f,
            fmt::format("'{}' holds a line break or another control character, which no batch script can",
                        printable(value)));
}

// As one word for sbatch, which takes a backslash for an escape in single quotes, too.
std::string directive_quoted(const std::string& text) {
  check_one_line(text);
  std::string result = "\"";
  for (const char c : text) result += c == '"' || c == '\\' ? std::string{'\\', c} : std::string(1, c);
  return result + "\"";
}

std::string directive(const std::string& name, const std::string& value) {
  return value.empty() ? "" : fmt::format("#SBATCH --{}={}\n", name, directive_quoted(value));
}

// An option of sbatch in the user's own words: --name or --name=value.
std::string own_directive(const std::string& option) {
  const auto letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-";
  const auto end = std::min(option.find('='), option.size());
  require(option.starts_with("--") && end > 2 && option.find_first_not_of(letters) >= end,
          fmt::format("submit.sbatch-option: '{}' is not of the form --name or --name=value", printable(option)));
  return fmt::format("#SBATCH {}\n", directive_quoted(option));
}

// Sbatch replaces %j and the like in names of logs.
std::string without_patterns(const std::string& path) {
  std::string result;
  for (const char c : path) result += c == '%' ? "%%" : std::string(1, c);
  return result;
}

// The name is for people and lists, which have columns.
std::string job_name(const fs::path& run) {
  auto name = "warmstart-" + run.filename().string();
  for (auto& c : name) {
    if (!std::isalnum(static_cast<unsigned char>(c)) && std::string_view("-_.+=").find(c) == std::string_view::npos)
      c = '_';
  }
  return name;
}

std::string directives(const JobOptions& options, const Job& job) {
  const auto log = job.points > 0 ? "slurm-%A_%a.log" : "slurm-%j.log";
  auto text = directive("job-name", job_name(job.run)) + directive("comment", job.run.string()) +
              directive("chdir", fs::current_path().string()) +
              directive("output", without_patterns(job.run.string()) + "/" + log) + "#SBATCH --open-mode=append\n" +
              directive("nodes", std::to_string(options.nodes)) +
              directive("ntasks-per-node", std::to_string(options.ranks_per_node)) +
              directive("cpus-per-task", std::to_string(options.cpus_per_rank));
  if (options.gpus_per_node > 0) text += directive("gpus-per-node", std::to_string(options.gpus_per_node));
  text += directive("array", job.array) + directive("time", options.time) + directive("partition", options.partition) +
          directive("account", options.account) + directive("qos", options.qos) +
          directive("constraint", options.constraint);
  for (const auto& option : options.sbatch_options) text += own_directive(option);
  // To the ranks, not to this script.  Slurm may send it up to 60 s earlier.
  return text + fmt::format("#SBATCH --signal=USR2@{}\n#SBATCH --requeue\n", options.warn_seconds);
}

}  // namespace

std::filesystem::path point_folder(const std::filesystem::path& sweep, std::int64_t point) {
  return sweep / fmt::format("point-{:04d}", point);
}

std::string batch_script(const JobOptions& options, const Job& job) {
  std::string command;
  for (const auto& argument : job.command) command += " " + shell_quoted(argument);
  auto run = shell_quoted(job.run.string());
  if (job.points > 0) {
    run += "/point-$(printf %04d \"$SLURM_ARRAY_TASK_ID\")";
    command += " --config \"$run/config.ini\"";
  }
  // --wait: what is left of the ranks ends 30 s after the first.  Killing them at once would hide the exit code that
  // they agreed on. Every rank sees all GPUs of its node and takes its own: NCCL reaches the others directly.
  const auto gpu_bind = options.gpus_per_node > 0 ? " --gpu-bind=none" : "";
  return "#!/bin/bash\n# Written by warmstart; read, change and send it again with: sbatch THIS_FILE\n" +
         directives(options, job) +
         fmt::format("set -u\n\nrun={}\nrequeues={} # in a row without a newer checkpoint\n", run, options.requeues) +
         kLives +
         fmt::format("\nsrun --mpi={} --label --wait=30 --cpus-per-task={} --cpu-bind=cores{} \\\n {}\n",
                     shell_quoted(options.mpi), options.cpus_per_rank, gpu_bind, command) +
         kEnd;
}

}  // namespace warmstart
