#include "app/configuration.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/host.h"
#include "base/ini_file.h"

namespace warmstart {
namespace {

std::map<std::string, std::string> values_of(const std::string& text, const std::string& name) {
  std::map<std::string, std::string> values;
  for (const auto& entry : parse_ini(text, name)) values[entry.key] = entry.value;
  return values;
}

// Whether a run with another value of the option ends with other parameters.
bool changes_what_is_learned(const Option& option) {
  static const std::set<std::string> sections = {"model",    "adapt",   "inner",    "train",
                                                 "validate", "episode", "evaluate", "tables"};
  return sections.contains(option.key.substr(0, option.key.find('.'))) && !option.neutral;
}

void declare_run(Options& add, Configuration& c) {
  add.add("data.verify", c.verify, "check the digest of each file of the data set when it is first opened");
  add.add("train.run", c.run, "folder of the run: configuration, metrics, model").neutral();
  add.add(
         "train.resume", c.resume,
         "auto: from the run's newest good checkpoint; never: only in an empty folder; or a checkpoint of another run, "
         "to start there")
      .neutral();
  add.add("train.start-from", c.start_from,
          "run of the same model, on this data set or an earlier version of it, whose parameters training starts with; "
          "empty: fresh ones");
  add.add("train.threads", c.threads, "threads of a rank, at most the host's cores").from(1).to(1e9).neutral();
  add.add("train.device", c.device, "cpu, or cuda: one GPU a rank");
  add.add("train.exchange", c.exchange,
          "how gradients travel: auto (nccl on GPUs, else mpi), mpi (from host memory) or nccl")
      .neutral();
}

void declare_results(Options& add, Configuration& c) {
  add.add("evaluate.joint", c.joint, "run of a model with adapt.stages = prior, for the rows joint and fine-tuned")
      .neutral();
  add.add("evaluate.inner-steps", c.inner_steps,
          "numbers of inner steps with which a model of fixed rates is judged beside its own")
      .from(0)
      .to(1000)
      .items(64)
      .neutral();
  add.add("evaluate.against", c.against, "another run, to compare train.run with task by task").neutral();
  add.add("evaluate.output", c.evaluation, "file for the results as JSON").neutral();
  add.add("report.output", c.report, "file for the report as HTML");
}

void declare_submission(Options& add, Configuration& c) {
  add.add("submit.dry-run", c.dry_run, "print the script, send nothing");
  add.add("submit.wait", c.wait, "follow the log and end with the job's exit code");
  add.add("sweep.to", c.sweep, "folder of the sweep, one run a point");
  add.add("sweep.random", c.sweep_points, "points drawn from the grid, by train.seed; 0: all").from(0).to(1e6);
  add.add("sweep.summary", c.sweep_summary,
          "folder of a sweep: print its results and draw them into summary.svg, send nothing");
  add.add("sweep.dry-run", c.dry_run, "print the script, send nothing");
}

}  // namespace

std::string to_text(const Resume& resume) {
  if (resume.from == Resume::From::kOther) return resume.other.string();
  return resume.from == Resume::From::kNewest ? "auto" : "never";
}

void read(const std::string& text, const Range&, Resume& resume) {
  if (text.empty()) throw std::invalid_argument("wants auto, never or a checkpoint");
  if (text == "auto")
    resume = {};
  else if (text == "never")
    resume = {Resume::From::kNothing, {}};
  else
    resume = {Resume::From::kOther, text};
}

EvaluationOptions evaluation_options(const Configuration& configuration) {
  auto options = configuration.evaluate;
  options.ways = configuration.train.episode.ways;
  return options;
}

TrainOptions train_options(const Configuration& configuration) {
  auto options = configuration.train;
  options.validation = evaluation_options(configuration);
  options.save.run = configuration.run;
  return options;
}

void check(const Configuration& configuration, int ranks) {
  require(!configuration.run.empty(), "train.run is not set: name the folder of the run");
  require(!configuration.data.dataset.empty(), "data.dataset is not set: name the folder of the data set");
  require(configuration.exchange != Exchange::kNccl || configuration.device == DeviceKind::kCuda,
          "train.exchange = nccl needs train.device = cuda");
  require(configuration.train.precision != Precision::kTf32 || configuration.device == DeviceKind::kCuda,
          "train.precision = tf32 needs train.device = cuda");
  check(configuration.model);
  check(train_options(configuration), ranks);
  check(configuration.train.outer, configuration.train.epochs, configuration.model);
  check_negatives(configuration.train, configuration.model.objective);
}

void check_host(const Configuration& configuration) {
  const auto cores = host_cores(), usable = usable_cores();
  require(configuration.threads <= cores,
          fmt::format("train.threads = {}: this host has {} cores", configuration.threads, cores));
  if (configuration.threads > usable)
    spdlog::warn("train.threads = {}, but this process may use {} of the host's {} cores (the launcher binds it)",
                 configuration.threads, usable, cores);
}

std::string first_difference(const std::string& was, const std::string& is) {
  Configuration unused;
  const auto options = options_of(unused);
  const auto before = values_of(was, "configuration of the checkpoint"), now = values_of(is, "configuration");
  // An option that the older program did not know is at its default, or what it was before it was there.
  const auto value_in = [](const auto& values, const Option& option) {
    const auto found = values.find(option.key);
    return found == values.end() ? option.formerly.value_or(option.initial) : found->second;
  };
  for (const auto& option : options.list()) {
    const auto old_value = value_in(before, option), value = value_in(now, option);
    if (old_value == value || !changes_what_is_learned(option) || !Options::applies(option, now)) continue;
    return fmt::format("{} ('{}', now '{}')", option.key, old_value, value);
  }
  return "";
}

Options options_of(Configuration& configuration) {
  Options add;
  declare(add, configuration.data);
  declare(add, configuration.model);
  declare_run(add, configuration);
  declare(add, configuration.train);
  declare(add, configuration.evaluate);
  declare(add, configuration.als);
  declare_results(add, configuration);
  declare(add, configuration.machine);
  declare(add, configuration.exporting);
  declare(add, configuration.predict);
  declare(add, configuration.submit);
  declare_submission(add, configuration);
  declare(add, configuration.synthesize);
  return add;
}

}  // namespace warmstart
