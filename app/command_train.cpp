#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "app/checkpoint_model.h"
#include "app/command.h"
#include "app/run_folder.h"
#include "checkpoints/run_lock.h"
#include "cluster/agreement.h"
#include "cluster/stop_signal.h"

namespace warmstart {
namespace {

// The checkpoint to go on from, if there is one.  Collective.
std::optional<Checkpoint> find_start(const Configuration& configuration, const nlohmann::json& description, Communicator& group) {
  const auto& resume = configuration.resume;
  bool from_start = false;
  agree(group, [&] {
    const bool empty = checkpoints_of(configuration.run).empty();
    from_start = resume == "never" || (resume == "auto" && empty);
    if (resume == "never" && !empty) {
      throw UsageError(fmt::format("{}: holds a trained model already; leave out --resume never, or set train.run to another folder",
                                   configuration.run.string()));
    }
  });
  if (from_start) return std::nullopt;
  const auto accept = [&](const nlohmann::json& manifest) { check_same_run(manifest.at("description"), description); };
  return read_checkpoint_on_all(resume == "auto" ? configuration.run.string() : resume, group, accept);
}

void say_end(const TrainOutcome& outcome, const std::filesystem::path& run, int ranks) {
  if (!outcome.same_bits)
    spdlog::warn("{} ranks: other numbers of ranks give the same result up to rounding only, not to the bit; powers of two do", ranks);
  if (outcome.stop != ExitCode::kOk)
    spdlog::warn("stopped by a signal after step {}; the run is saved and goes on when it is started again", outcome.steps_done);
  const auto best = outcome.best_step == 0 ? std::string("never validated")
                                           : fmt::format("best validation at step {} (MAE {:.4f})", outcome.best_step, outcome.best_error);
  fmt::print("{}: trained for {} steps, {}, parameters {}\n", checkpoint_folder(run, outcome.steps_done).string(), outcome.steps_done, best,
             outcome.digest);
}

}  // namespace

ExitCode command_train(Invocation& invocation, Communicator& group) {
  watch_stop_signals();  // at once: a job with little time may be told to save while it is still reading
  auto& configuration = invocation.configuration;
  const bool first = group.rank() == 0;
  const auto options = train_options(configuration);

  std::unique_ptr<Dataset> dataset;
  std::unique_ptr<TwoTower> model;
  std::unique_ptr<RunLock> lock;
  std::unique_ptr<RunFolder> run;
  agree(group, [&] {
    check(configuration, group.size());
    at::set_num_threads(static_cast<int>(configuration.threads));
    dataset = std::make_unique<Dataset>(configuration.data.dataset, configuration.verify);
    model = std::make_unique<TwoTower>(dataset->schema(), configuration.model, options.seed);
    if (first) lock = lock_run(configuration.run);
  });
  TrainStart start;
  start.description = description_of(*model, *dataset, invocation.options.resolved(), group.size());
  const auto checkpoint = find_start(configuration, start.description, group);
  if (checkpoint) start.checkpoint = &*checkpoint;
  agree(group, [&] {
    if (first) run = std::make_unique<RunFolder>(configuration.run, invocation.options.resolved(), checkpoint ? checkpoint->step : 0);
  });
  if (!checkpoint) start_from_data(*model, *dataset, group);
  if (first) {
    spdlog::info("{} parameters, {} rank{}{}", model->parameters().flat().numel(), group.size(), group.size() == 1 ? "" : "s",
                 checkpoint ? fmt::format(", going on after step {}", checkpoint->step) : "");
  }

  TrainObserver observer;
  if (first) {
    observer.progress = [&](const TrainProgress& progress) { run->progress(progress); };
    observer.validated = [&](std::int64_t step, double error) { run->validated(step, error); };
    observer.saved = [&](const WrittenCheckpoint& written) { run->saved(written); };
    observer.rolled_back = [&](const Rollback& rollback) { run->rolled_back(rollback); };
  }
  const auto outcome = train(*model, *dataset, options, group, observer, start);
  if (first) say_end(outcome, configuration.run, group.size());
  return outcome.stop;
}

}  // namespace warmstart
