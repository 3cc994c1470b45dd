#include <fmt/format.h>

#include "app/submission.h"
#include "slurm/slurm_command.h"

namespace warmstart {

ExitCode command_submit(Invocation& invocation) {
  const auto& configuration = invocation.configuration;
  if (!configuration.dry_run) require_slurm();
  const auto training = check_training(invocation.line.positional, ranks_of(configuration.submit));
  const auto run = std::filesystem::absolute(training.configuration.run);
  std::filesystem::create_directories(run);
  std::vector<std::string> command = {own_program()};
  command.insert(command.end(), invocation.line.positional.begin(), invocation.line.positional.end());
  const auto script = batch_script(completed(configuration.submit, training, run), {run, command, 0, ""});
  if (configuration.dry_run) {
    fmt::print("{}", script);
    return ExitCode::kOk;
  }
  const auto job = send(script, run);
  const auto log = run / fmt::format("slurm-{}.log", job);
  fmt::print("job {}\nfollow it with: warmstart status {}   or: tail -F {}\n", job, run.string(), log.string());
  return configuration.wait ? static_cast<ExitCode>(follow(job, log)) : ExitCode::kOk;
}

}  // namespace warmstart
