#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "app/checkpoint_model.h"
#include "app/command.h"
#include "app/run_folder.h"
#include "cluster/agreement.h"
#include "cluster/stop_signal.h"

namespace warmstart {

ExitCode command_train(Invocation& invocation, Communicator& group) {
  auto& configuration = invocation.configuration;
  const bool first = group.rank() == 0;
  at::set_num_threads(static_cast<int>(configuration.threads));
  auto& options = configuration.train;
  options.validation = configuration.evaluate;

  std::unique_ptr<Dataset> dataset;
  std::unique_ptr<TwoTower> model;
  std::unique_ptr<RunFolder> run;
  agree(group, [&] {
    if (configuration.run.empty()) throw UsageError("train.run is not set: name the folder of the run");
    if (configuration.data.dataset.empty()) throw UsageError("data.dataset is not set: name the folder of the data set");
    check(configuration.model);
    require(configuration.threads >= 1, "train.threads must be at least 1");
    dataset = std::make_unique<Dataset>(configuration.data.dataset, configuration.verify);
    model = std::make_unique<TwoTower>(dataset->schema(), configuration.model, options.seed);
    if (first) run = std::make_unique<RunFolder>(configuration.run, invocation.options.resolved());
  });
  start_from_data(*model, *dataset, group);
  if (first) spdlog::info("{} parameters, {} rank{}", model->parameters().flat().numel(), group.size(), group.size() == 1 ? "" : "s");

  watch_stop_signals();
  TrainObserver observer;
  if (first) {
    observer.progress = [&](const TrainProgress& progress) { run->progress(progress); };
    observer.validated = [&](std::int64_t step, double error) { run->validated(step, error); };
  }
  const auto outcome = train(*model, *dataset, options, group, observer);

  agree(group, [&] {
    if (!first) return;
    const auto saved = write_checkpoint(configuration.run,
                                        checkpoint_of(*model, *dataset, outcome.steps_done, invocation.options.resolved(), group.size()));
    if (!outcome.same_bits)
      spdlog::warn("{} ranks: other numbers of ranks give the same result up to rounding only, not to the bit; powers of two do",
                   group.size());
    if (outcome.stop != ExitCode::kOk) spdlog::warn("stopped by a signal after step {}; what was learned is saved", outcome.steps_done);
    const auto best = outcome.best_step == 0
                          ? std::string("never validated")
                          : fmt::format("best validation at step {} (MAE {:.4f})", outcome.best_step, outcome.best_error);
    fmt::print("{}: trained for {} steps, {}, parameters {}\n", saved.string(), outcome.steps_done, best, outcome.digest);
  });
  return outcome.stop;
}

}  // namespace warmstart
