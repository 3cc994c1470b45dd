// warmstart: the program.  Parses, dispatches, and is the only place that catches errors.

#include <fmt/format.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <map>
#include <thread>

#include "app/command.h"
#include "base/host.h"
#include "base/memory.h"
#include "base/text.h"
#include "cluster/agreement.h"
#include "cluster/mpi_communicator.h"

namespace warmstart {
namespace {

struct Command {
  const char* help;
  std::vector<std::string> sections;  // of options that matter to it; the first is its own
  std::function<ExitCode(Invocation&, Communicator&)> run;
  std::vector<std::string> flags = {};  // of json, verify and set-grid, those that it takes
  bool takes_words = false;
};

template <typename Function>
std::function<ExitCode(Invocation&, Communicator&)> on_first_rank(Function function) {
  return [function](Invocation& invocation, Communicator& group) {
    return group.rank() == 0 ? function(invocation) : ExitCode::kOk;
  };
}

Command plan_command() {
  return {
      "before anything runs: memory of a rank, bytes that ranks exchange, a meta-step's time, how many ranks fit, and "
      "what "
      "that assumes",
      {"plan", "train", "tables", "data", "model", "adapt", "inner", "episode"},
      on_first_rank(command_plan),
      {"json"}};
}

const std::map<std::string, Command>& commands() {
  static const std::map<std::string, Command> commands = {
      {"ingest",
       {"tables -> sharded data set of tasks; under mpirun or srun on as many ranks as there are",
        {"data", "interactions", "users", "items", "scenarios", "calendar"},
        command_ingest,
        {"json"}}},
      {"train",
       {"meta-train; under mpirun or srun on as many ranks as there are",
        {"train", "tables", "data", "model", "adapt", "inner", "episode", "validate", "evaluate"},
        command_train}},
      {"evaluate",
       {"judge a trained model beside the baselines on tasks never trained on",
        {"evaluate", "data", "train"},
        command_evaluate,
        {"json"}}},
      {"export",
       {"a trained model as graphs that adapt by themselves: ONNX and TorchScript in a Triton model repository; and, "
        "under mpirun on all ranks, the memories of its tasks",
        {"export", "data", "evaluate"},
        command_export,
        {"json"}}},
      {"plan", plan_command()},
      {"predict", {"recommendations, and why", {"predict", "data"}, on_first_rank(command_predict), {"json"}}},
      {"inspect",
       {"PATH [--verify] [--json]: says what a data set, a run, a checkpoint or an exported model is; A B: compares "
        "two models, or two versions of a data set",
        {},
        on_first_rank(command_inspect),
        {"json", "verify"},
        true}},
      {"report",
       {"one HTML file with the curves of a run and its evaluation",
        {"report", "train", "evaluate"},
        on_first_rank(command_report)}},
      {"status",
       {"[RUN...] [--json]: what Slurm and the run's folder say: state, step, rate, time left, checkpoint",
        {},
        on_first_rank(command_status),
        {"json"},
        true}},
      {"submit",
       {"[options] -- train --config FILE.ini: send a training run to Slurm that survives its time limits",
        {"submit"},
        on_first_rank(command_submit),
        {},
        true}},
      {"sweep",
       {"--config FILE.ini --set-grid SECTION.NAME=VALUE,VALUE...: a job array of runs, or --summary DIR of its "
        "results",
        {"sweep", "submit"},
        on_first_rank(command_sweep),
        {"json", "set-grid"}}},
      {"methods", {"what networks, stages, objectives and scopes can be combined", {}, on_first_rank(command_methods)}},
      {"synthesize",
       {"write tables drawn from planted preferences with a known noise floor",
        {"synthesize"},
        on_first_rank(command_synthesize)}},
  };
  return commands;
}

std::string general_help() {
  std::string text =
      "usage: warmstart COMMAND [--config FILE.ini] [--set SECTION.NAME=VALUE]... [--SECTION.NAME VALUE]...\n\n";
  for (const auto& [name, command] : commands()) text += fmt::format("  {:<12} {}\n", name, command.help);
  return text +
         "\nwarmstart COMMAND --help lists its options.  Options of the command's own section need no prefix.\n"
         "exit codes: 0 ok, 1 failure, 2 usage or configuration, 3 data, 4 environment, 5 diverged,\n"
         "75 saved after SIGTERM or SIGUSR2, 130 saved after Ctrl-C\n";
}

ExitCode run(const std::vector<std::string>& arguments, Communicator& group) {
  if (arguments.empty() || arguments[0] == "--help" || arguments[0] == "-h" || arguments[0] == "help") {
    if (group.rank() == 0) fmt::print("{}", general_help());
    return arguments.empty() ? ExitCode::kUsage : ExitCode::kOk;
  }
  Invocation invocation;
  const Command* command = nullptr;
  agree(group, [&] {
    const auto found = commands().find(arguments[0]);
    if (found == commands().end())
      throw UsageError(fmt::format("unknown command '{}'; warmstart --help lists them", printable(arguments[0], 80)));
    command = &found->second;
    invocation.options = options_of(invocation.configuration);
    const CommandLineRules rules = {.own_section = command->sections.empty() ? "" : command->sections[0],
                                    .takes_words = command->takes_words,
                                    .flags = command->flags};
    invocation.line = invocation.options.parse({arguments.begin() + 1, arguments.end()}, rules);
  });
  if (invocation.line.help) {
    if (group.rank() == 0)
      fmt::print("warmstart {}: {}\n{}", arguments[0], command->help, invocation.options.help(command->sections));
    return ExitCode::kOk;
  }
  return command->run(invocation, group);
}

// Messages quote what was read, so control characters are told, not obeyed.
void complain(const std::string& message) { fmt::print(stderr, "warmstart: {}\n", printable(message, 4000)); }

// What was printed may still be on its way: a full disk shows only here.
bool stdout_is_written() { return std::fflush(stdout) == 0 && std::ferror(stdout) == 0; }

constexpr const char* kNoOutput = "stdout cannot be written; is its disk full, or its reader gone?";

// A result that nobody can read is no success; what else the exit code says counts more.
ExitCode with_written_stdout(ExitCode code) {
  if (stdout_is_written() || (code != ExitCode::kOk && code != ExitCode::kFailure)) return code;
  complain(kNoOutput);
  return ExitCode::kEnvironment;
}

// What one rank met alone.  Others often meet the same a moment later: the lower ranks speak
// first, and their abort ends the rest before they repeat it.
void complain_of_own_failure(const Communicator& group, const std::string& message) {
  std::this_thread::sleep_for(std::min(group.rank(), 4) * std::chrono::milliseconds(500));
  complain(group.size() > 1 ? fmt::format("rank {} on {}: {}", group.rank(), node_name(), message) : message);
}

int guarded_main(int argc, char** argv) {
  keep_freed_memory();
  MpiSession session(&argc, &argv);
  const auto group = session.world();
  spdlog::set_default_logger(spdlog::stderr_color_mt("warmstart"));
  spdlog::set_pattern(group->size() > 1 ? fmt::format("%^%l%$ [rank {} on {}]: %v", group->rank(), node_name())
                                        : "%^%l%$: %v");
  if (group->rank() != 0) spdlog::set_level(spdlog::level::err);
  try {
    return static_cast<int>(with_written_stdout(run({argv + 1, argv + argc}, *group)));
  } catch (const AgreedError& error) {
    // Every rank is here: one speaks, all end in order.
    if (group->rank() == 0) complain(error.what());
    return static_cast<int>(error.code());
  } catch (const Error& error) {
    complain_of_own_failure(*group, error.what());
    session.abort(static_cast<int>(error.code()));
  } catch (const std::exception& error) {
    if (!stdout_is_written()) {
      complain_of_own_failure(*group, kNoOutput);
      session.abort(static_cast<int>(ExitCode::kEnvironment));
    }
    complain_of_own_failure(*group, error.what());
    session.abort(static_cast<int>(ExitCode::kFailure));
  }
}

}  // namespace
}  // namespace warmstart

int main(int argc, char** argv) {
  try {
    return warmstart::guarded_main(argc, argv);
  } catch (const warmstart::Error& error) {  // before there was a group
    warmstart::complain(error.what());
    return static_cast<int>(error.code());
  }
}
