#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>

#include "app/checkpoint_model.h"
#include "app/command.h"
#include "app/run_folder.h"
#include "base/host.h"
#include "base/plural.h"
#include "checkpoints/run_lock.h"
#include "cluster/agreement.h"
#include "cluster/device.h"
#include "cluster/gather_texts.h"
#include "cluster/nccl_communicator.h"
#include "cluster/stop_signal.h"
#include "trainer/tables/named_ids.h"
#include "trainer/training/rank_limit.h"
#include "trainer/training/start_from_data.h"
#include "trainer/training/training_memory.h"

namespace warmstart {
namespace {

constexpr double kConnectSeconds = 120;

bool lies_in(const std::filesystem::path& path, const std::filesystem::path& folder) {
  const auto relative =
      std::filesystem::weakly_canonical(path).lexically_relative(std::filesystem::weakly_canonical(folder));
  return !relative.empty() && *relative.begin() != "..";
}

// Finds the checkpoint to go on from, if there is one.  A run that has checkpoints goes on from its own, whatever it
// started from: so a job that is sent again with the same command makes progress.  Collective.
void find_checkpoint(TrainStart& start, const Learner& model, const Configuration& configuration, Communicator& group) {
  const auto& run = configuration.run;
  const auto& resume = configuration.resume;
  std::filesystem::path from;
  agree(group, [&] {
    const bool empty = checkpoints_of(run).empty();
    start.in_run = !empty;
    require(
        resume.from != Resume::From::kNothing || empty,
        fmt::format("{}: holds a trained model already; leave out --resume never, or set train.run to another folder",
                    run.string()));
    if (!empty) from = run;
    if (resume.from != Resume::From::kOther) return;
    require(!lies_in(resume.other, run),
            fmt::format("--resume {}: lies in train.run itself; leave it out to go on with the newest checkpoint, or "
                        "set train.run to another folder to start again from that one",
                        resume.other.string()));
    if (empty) from = resume.other;
  });
  if (from.empty()) return;
  const auto accept = [&](const Manifest& manifest) {
    check_same_run(manifest.description, start.description);
    check_continues(manifest, model.parameters(), model.sharded_tables());
  };
  start.checkpoint = read_checkpoint_on_all(from, group, accept, configuration.train.tables.spill);
}

// Collective.
RanksOfHost ranks_of_host(Communicator& group) {
  const auto names = gather_texts(group, node_name());
  return {group.size(), static_cast<int>(std::count(names.begin(), names.end(), node_name()))};
}

// Before anything is made.
void require_room(const Learner& model, const Dataset& dataset, const TrainOptions& options, at::Device device,
                  RanksOfHost ranks) {
  require_shards(model, ranks.ranks);
  const bool keeps_best = options.keep_best && !dataset.tasks_of(Split::kValidation).empty();
  if (!device.is_cuda()) require_training_memory(model, options, keeps_best, ranks);
  require_disk_of_tables(model, options, keeps_best);
}

// Collective.  Parameters where they begin: where the data's means are, or where another run ended.  Rows that growing
// tables make later start from the data in a run that goes on, too.
void begin(Learner& model, const Dataset& dataset, const TrainStart& start, const Configuration& configuration,
           Communicator& group) {
  const auto& other = configuration.start_from;
  if (other.empty() && (!start.checkpoint || model.sharded_tables().grow()))
    start_from_data(model, dataset, configuration.train.episode, group);
  if (!start.checkpoint && !other.empty()) start_from_run(model, dataset, other, group);
}

std::string validation_of(const TrainOutcome& outcome) {
  if (outcome.validation_tasks == 0) return "without validation";
  if (outcome.best_step == 0) return "no validation with a finite error";
  return fmt::format("best validation at step {} ({} {:.4f})", outcome.best_step, title_of(outcome.measure),
                     outcome.best_error);
}

void say_end(const TrainOutcome& outcome, const std::filesystem::path& run, int ranks) {
  if (!outcome.same_bits)
    spdlog::warn(
        "{} ranks: other numbers of ranks give the same result up to rounding only, not to the bit; powers of two with "
        "train.reduction = fixed-order do",
        ranks);
  if (outcome.stop != ExitCode::kOk)
    spdlog::warn("stopped by a signal after step {}; the run is saved and goes on when it is started again",
                 outcome.steps_done);
  fmt::print("{}: trained for {} steps, {}, parameters {}\n", checkpoint_folder(run, outcome.steps_done).string(),
             outcome.steps_done, validation_of(outcome), outcome.digest);
}

}  // namespace

ExitCode command_train(Invocation& invocation, Communicator& group) {
  watch_stop_signals();  // at once: a job with little time may be told to save while it is still reading
  auto& configuration = invocation.configuration;
  const bool first = group.rank() == 0;
  const auto options = train_options(configuration);
  const auto device = device_of_rank(configuration.device, group);
  const auto here = ranks_of_host(group);
  std::unique_ptr<Dataset> dataset;
  std::unique_ptr<Learner> model;
  std::unique_ptr<RunLock> lock;
  std::unique_ptr<RunFolder> run;
  agree(group, [&] {
    check(configuration, group.size());
    check_host(configuration);
    at::set_num_threads(static_cast<int>(configuration.threads));
    dataset = std::make_unique<Dataset>(configuration.data.dataset, configuration.verify);
    const auto home = home_of(options.tables, dataset->schema(), group.rank(), group.size());
    require_room(
        Learner(dataset->schema(), configuration.model, options.seed, make_network, home, LearnerValues::kNone),
        *dataset, options, device, here);
    model = std::make_unique<Learner>(dataset->schema(), configuration.model, options.seed, make_network, home);
    name_ids(model->sharded_tables(), *dataset);
    if (first) lock = lock_run(configuration.run);
  });
  std::unique_ptr<Communicator> gpus;
  if (device.is_cuda() && configuration.exchange != Exchange::kMpi && group.size() > 1)
    gpus = connect_gpus(group, device, kConnectSeconds);
  TrainStart start;
  start.gradients = gpus.get();
  start.description = description_of(*dataset, invocation.options.resolved(), group.size());
  find_checkpoint(start, *model, configuration, group);
  const auto step = start.checkpoint ? start.checkpoint->step : 0;
  agree(group, [&] {
    if (first)
      run = std::make_unique<RunFolder>(configuration.run, invocation.options.resolved(), step,
                                        measure_of_validation(options, configuration.model.objective.kind));
  });
  begin(*model, *dataset, start, configuration, group);
  model->parameters().flatten(at::TensorOptions(device).dtype(at::kFloat));
  if (first) {
    spdlog::info("{} parameters, {}{}", model->parameters().flat().numel(), counted(group.size(), "rank"),
                 start.checkpoint ? fmt::format(", going on after step {}", step) : "");
    for (const auto& table : model->sharded_tables().list())
      spdlog::info("table {}: {}{} rows of {}, sharded over {}{}", table.name,
                   model->sharded_tables().grow() ? "grows to " : "", model->sharded_tables().most_rows(table),
                   table.width, counted(group.size(), "rank"), options.tables.spill.empty() ? "" : ", on disk");
  }

  TrainObserver observer;
  if (first) {
    observer.progress = [&](const TrainProgress& progress) { run->progress(progress); };
    observer.validated = [&](std::int64_t step, double error) { run->validated(step, error); };
    observer.saved = [&](const WrittenCheckpoint& written) { run->saved(written); };
    observer.warned = [](const std::string& warning) { spdlog::warn("{}", warning); };
    observer.rolled_back = [&](const Rollback& rollback) { run->rolled_back(rollback); };
  }
  const auto outcome = train(*model, *dataset, options, group, observer, std::move(start));
  if (first) say_end(outcome, configuration.run, group.size());
  return outcome.stop;
}

}  // namespace warmstart
