#include "trainer/training/training.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "base/digest.h"
#include "base/host.h"
#include "base/stopwatch.h"
#include "cluster/agreement.h"
#include "cluster/parameter_check.h"
#include "cluster/watchdog.h"
#include "trainer/evaluation/row_order.h"
#include "trainer/training/label_check.h"
#include "trainer/training/microbatch_stream.h"
#include "trainer/training/rank_limit.h"
#include "trainer/training/rollback.h"
#include "trainer/training/run_warnings.h"

namespace warmstart {
namespace {

class TrainingLoop {
 public:
  TrainingLoop(Learner& model, const Dataset& dataset, const TrainOptions& options, Communicator& group,
               const TrainObserver& observer, const TrainStart& start, MicrobatchForm form)
      : model_(model),
        parameters_(model.parameters()),
        options_(options),
        group_(group),
        observer_(observer),
        description_(start.description),
        stream_(dataset, options, form, group.rank(), group.size()),
        state_(model, dataset, options, stream_.steps(), group, start.gradients ? *start.gradients : group,
               start.checkpoint),
        window_(state_.steps, options.tasks, state_.step) {
    if (options.save.run.empty()) return;
    auto save = options.save;
    if (model.sharded_tables().empty()) save.full_every = 1;
    save.retention.higher_is_better = higher_is_better(state_.validation.measure());
    saver_.emplace(save, start.in_run ? state_.step : -1, group, observer.saved);
  }

  TrainOutcome run() {
    allow_tf32(options_.precision == Precision::kTf32);
    Watchdog watchdog(options_.hang_seconds, fmt::format("rank {} on {}", group_.rank(), node_name()),
                      "look for a rank, a disk or a network that stands still, or raise train.hang-seconds");
    begin();
    while (!state_.finished() && stop_ == ExitCode::kOk) {
      if (state_.skipped.contains(state_.step) || take_step()) end_step();
      watchdog.progress(state_.step);
    }
    return finish();
  }

 private:
  void begin() {
    since_start_.restart();
    for (const auto& warning : warnings_of_plan(options_, state_.steps, state_.validation.tasks())) warn(warning);
    go_on_from_state();
  }

  void go_on_from_state() {
    stream_.start(state_.step, state_.skipped);
    window_.begin(state_.step, spent());
  }

  // Updates the parameters by one meta-batch; or rolls back and returns false.
  bool take_step() {
    // One clock decides for all.
    const bool save_due = group_.rank() == 0 && saver_ && saver_->due_by_clock();
    const auto outcome = state_.meta_step.take(state_.step, stream_, save_due);
    if (outcome.divergence) {
      roll_back(*outcome.divergence);
      return false;
    }
    window_.add(outcome);
    if (outcome.save_due) saver_->request();
    stop_ = outcome.stop;
    return true;
  }

  void end_step() {
    const auto done = ++state_.step;
    const bool last = done == state_.steps;
    if (options_.check_every > 0 && done % options_.check_every == 0)
      check_same_on_all_ranks(parameters_.flat(), group_);
    if (done % options_.log_every == 0 || last) report(done);
    if (done % validate_every() == 0 || last) validate(done);
    if (saver_) saver_->after_step(done, [this](auto base) { return snapshot(base); });
  }

  void roll_back(const Divergence& divergence) {
    if (saver_) saver_->wait();
    state_.restore(checkpoint_before(divergence, state_, options_, model_, group_));
    saver_->went_back_to(state_.step);
    go_on_from_state();
    if (observer_.rolled_back) observer_.rolled_back({state_.step, divergence.problem});
  }

  void report(std::int64_t done) {
    const auto bytes = window_.bytes(done, group_);
    const auto now = spent();
    auto progress = window_.progress(done, state_.meta_step.rate(done - 1), now, bytes);
    if (const auto& tables = model_.sharded_tables(); tables.grow()) progress.growth = tables.growth(group_);
    if (observer_.progress) observer_.progress(progress);
    window_.begin(done, now);
  }

  void validate(std::int64_t done) {
    const auto validation = state_.validation.validate(done);
    warn(validation.warning);
    if (validation.value && observer_.validated) observer_.validated(done, *validation.value);
    if (validation.best && saver_) saver_->request();
  }

  TrainOutcome finish() {
    check_same_on_all_ranks(parameters_.flat(), group_);
    warn(state_.validation.warning_of_best());
    if (saver_) saver_->save_last(state_.step, [this](auto base) { return snapshot(base); });
    state_.validation.take_best();
    const auto flat = parameters_.flat().cpu();
    return {.steps_done = state_.step,
            .best_step = state_.validation.best_step(),
            .validation_tasks = state_.validation.tasks(),
            .measure = state_.validation.measure(),
            .best_error = state_.validation.best_value(),
            .stop = stop_,
            .same_bits = bits_are_independent_of_ranks(group_.size(), static_cast<int>(options_.microbatches)) &&
                         (options_.reduction == Reduction::kFixedOrder || group_.size() == 1),
            .digest = digest_of(flat)};
  }

  // Collective.
  std::string digest_of(const at::Tensor& flat) const {
    const auto of_parameters = digest(flat.const_data_ptr(), flat.nbytes());
    const auto& tables = model_.sharded_tables();
    return tables.empty() ? of_parameters : digest(of_parameters + tables.digest(group_));
  }

  std::int64_t validate_every() const {
    return options_.validate_every > 0 ? options_.validate_every : std::max<std::int64_t>(1, state_.steps / 10);
  }

  Checkpoint snapshot(std::optional<std::int64_t> base) const {
    auto checkpoint = state_.snapshot(base);
    checkpoint.description = description_;
    return checkpoint;
  }

  SpentSeconds spent() const {
    const auto& gradient = state_.meta_step.gradient();
    return {.total = since_start_.seconds(),
            .validating = state_.validation.seconds(),
            .data_wait = stream_.waited_seconds(),
            .reduce_wait = gradient.wait_seconds(),
            .reduce_hidden = gradient.hidden_seconds()};
  }

  void warn(const std::string& warning) {
    if (observer_.warned && !warning.empty()) observer_.warned(warning);
  }

  Learner& model_;
  Parameters& parameters_;
  const TrainOptions& options_;
  Communicator& group_;
  const TrainObserver& observer_;
  nlohmann::json description_;
  MicrobatchStream stream_;
  TrainingState state_;
  ProgressWindow window_;
  std::optional<RunSaver> saver_;
  ExitCode stop_ = ExitCode::kOk;
  Stopwatch since_start_;
};

}  // namespace

TrainOutcome train(Learner& model, const Dataset& dataset, const TrainOptions& options, Communicator& group,
                   const TrainObserver& observer, TrainStart start) {
  std::unique_ptr<TrainingLoop> loop;
  const auto form = microbatch_form(model, dataset, options, group);
  agree(group, [&] {
    check(options, group.size());
    require_shards(model, group.size());
    require(model.sharded_tables().ranks() == group.size() || model.sharded_tables().empty(),
            "the model's tables are sharded over another number of ranks than train it");
    check(options.outer, options.epochs, model.options());
    require_order(model, options.episode.order, "episode.order");
    require_order(model, options.validation.order, "evaluate.order");
    check_classes(dataset.schema(), model.options().objective, options.episode.ways);
    check_labels(dataset, model.options().objective, group.rank(), group.size());
    loop = std::make_unique<TrainingLoop>(model, dataset, options, group, observer, start, form);
  });
  start.checkpoint.reset();  // as large as all that the loop holds
  return loop->run();
}

}  // namespace warmstart
