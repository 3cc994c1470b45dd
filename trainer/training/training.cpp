#include "trainer/training/training.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <set>

#include "base/digest.h"
#include "base/host.h"
#include "base/stopwatch.h"
#include "cluster/agreement.h"
#include "cluster/parameter_check.h"
#include "cluster/stop_signal.h"
#include "cluster/watchdog.h"
#include "data/prefetch.h"
#include "trainer/training/gradient_buckets.h"
#include "trainer/training/label_check.h"
#include "trainer/training/loss_guard.h"
#include "trainer/training/run_warnings.h"

namespace warmstart {
namespace {

// What is summed over ranks behind the gradient, in the same collective.
enum Tail : std::int64_t { kLoss, kInterrupted, kSaved, kSaveDue, kTailSize };

std::int64_t bytes_of_buckets(const TrainOptions& options) {
  return options.bucket_megabytes > 0 ? static_cast<std::int64_t>(options.bucket_megabytes * 1e6)
                                      : std::numeric_limits<std::int64_t>::max();
}

class Trainer {
 public:
  Trainer(TwoTower& model, const Dataset& dataset, const TrainOptions& options, Communicator& group,
          const TrainObserver& observer, const TrainStart& start)
      : model_(model),
        dataset_(dataset),
        options_(options),
        group_(group),
        observer_(observer),
        description_(start.description),
        mine_(microbatches_of(group.rank(), group.size(), static_cast<int>(options.microbatches))),
        sampler_(dataset, dataset.tasks_of(Split::kTrain), options.episode, options.seed, options.tasks,
                 static_cast<int>(options.microbatches)),
        steps_(total_steps(options, sampler_)),
        validate_every_(options.validate_every > 0 ? options.validate_every : std::max<std::int64_t>(1, steps_ / 10)),
        validation_(dataset, Split::kValidation, options.validation, group),
        adam_(model.parameters(), options.adam, steps_),
        buckets_(model.parameters(), kTailSize, bytes_of_buckets(options), start.gradients ? *start.gradients : group,
                 options.reduction),
        loss_guard_(options.loss_limit) {
    if (start.checkpoint) restore(*start.checkpoint);
    if (!options.save.run.empty()) saver_.emplace(options.save, start.in_run ? step_ : -1, group, observer.saved);
  }

  TrainOutcome run() {
    allow_tf32(options_.precision == Precision::kTf32);
    Watchdog watchdog(options_.hang_seconds, fmt::format("rank {} on {}", group_.rank(), node_name()),
                      "look for a rank, a disk or a network that stands still, or raise train.hang-seconds");
    since_start_.restart();
    first_step_ = step_;
    for (const auto& warning : warnings_of_plan(options_, steps_, validation_.tasks())) warn(warning);
    prefetch();
    begin_window();
    while (step_ < steps_ && outcome_.stop == ExitCode::kOk && !patience_is_over()) {
      if (skipped_.contains(step_) || take_step()) end_step();
      watchdog.progress(step_);
    }
    finish();
    return outcome_;
  }

 private:
  void prefetch() {
    prefetcher_.reset();  // its thread reads what the next one starts from
    produced_step_ = step_;
    prefetcher_.emplace([this](std::uint64_t n) { return make(n); }, static_cast<std::size_t>(2 * mine_.count));
  }

  // The n-th microbatch of this rank, on the prefetcher's thread.
  std::optional<EpisodeBatch> make(std::uint64_t n) {
    const auto own = n % static_cast<std::uint64_t>(mine_.count);
    if (own == 0) {
      while (skipped_.contains(produced_step_)) ++produced_step_;
      if (produced_step_ >= steps_) return std::nullopt;
      planned_ = sampler_.meta_batch(static_cast<std::uint64_t>(produced_step_++));
    }
    std::vector<TaskEpisode> episodes;
    for (const auto& episode : planned_[static_cast<std::size_t>(mine_.first) + own])
      episodes.push_back({episode.task, sampler_.rows(episode)});
    return make_batch(dataset_, episodes);
  }

  EpisodeBatch next_batch() {
    const Phase phase("data");
    return prefetcher_->next();
  }

  // Updates the parameters by one meta-batch; or rolls back and returns false.
  bool take_step() {
    for (int part = 0; part < mine_.count; ++part) {
      const auto batch = next_batch();
      padded_ += batch.padded_share() / mine_.count;
      const Phase phase("forward");
      add_gradient(batch, mine_.first + part, part + 1 == mine_.count);
    }
    const auto total = reduced();

    const auto parameters = model_.parameters().flat().numel();
    const auto tail = total.narrow(0, parameters, kTailSize);
    const double loss = tail[kLoss].item<double>();
    if (const auto refused = loss_guard_.judge(loss); !refused.empty()) {
      // The loss judges the update before it, too.
      roll_back(fmt::format("the loss {}{}", task_of_bad_loss(loss), refused), step_ - 1);
      return false;
    }
    norm_ = adam_.step(step_, total.narrow(0, 0, parameters), model_.parameters());
    if (!std::isfinite(norm_)) {
      roll_back("the gradient is not finite", step_);
      return false;
    }
    window_loss_ += loss;
    if (saver_ && tail[kSaveDue].item<double>() > 0) saver_->request();
    if (tail[kInterrupted].item<double>() > 0)
      outcome_.stop = ExitCode::kInterrupted;
    else if (tail[kSaved].item<double>() > 0)
      outcome_.stop = ExitCode::kSaved;
    return true;
  }

  at::Tensor reduced() {
    const Phase phase("reduce");
    return buckets_.take();
  }

  // Adds the gradient of the microbatch's share of the mean loss, with the tail behind it.
  void add_gradient(const EpisodeBatch& batch, int microbatch, bool last) {
    const TensorBatch tensors(batch, model_.parameters().flat().options());
    const Dropout dropout(options_.seed, static_cast<std::uint64_t>(step_), static_cast<std::uint64_t>(microbatch),
                          options_.dropout, options_.key_dropout, options_.all_keys_dropout);
    plans_.add(model_.plan(batch.support.width, batch.query.width));
    const auto losses = model_.losses(tensors, &dropout, options_.precision);
    note_not_finite(losses, batch);
    const auto loss = losses.sum() / static_cast<double>(options_.tasks);
    auto tail = at::zeros({kTailSize}, model_.parameters().flat().options());
    tail[kLoss] = loss.detach();
    if (last) note_flags(tail);
    buckets_.add(loss, tail, last);
  }

  void note_flags(at::Tensor& tail) {
    const auto stop = stop_requested();
    if (stop != ExitCode::kOk) tail[stop == ExitCode::kInterrupted ? kInterrupted : kSaved] = 1.0;
    // One clock decides for all.
    if (group_.rank() == 0 && saver_ && saver_->due_by_clock()) tail[kSaveDue] = 1.0;
  }

  void note_not_finite(const at::Tensor& losses, const EpisodeBatch& batch) {
    const auto bad = losses.detach().isfinite().logical_not().nonzero();
    if (bad.numel() > 0 && bad_task_ < 0) bad_task_ = batch.task[static_cast<std::size_t>(bad[0].item<std::int64_t>())];
  }

  // Collective: the loss is the same on all ranks, so all of them ask or none does.
  std::string task_of_bad_loss(double loss) {
    if (std::isfinite(loss)) return "";
    auto tasks = at::full({1}, bad_task_, at::kLong);
    const auto task = group_.gather_slices(tasks).max().item<std::int64_t>();
    bad_task_ = -1;
    return fmt::format("of {} '{}' ", dataset_.schema().task, task < 0 ? "?" : dataset_.task(task).key());
  }

  // Collective.  Back to the last checkpoint made without the meta-batches [first, step_], which are skipped from now
  // on.
  void roll_back(const std::string& reason, std::int64_t first) {
    const auto problem =
        fmt::format("step {}: {}; lower train.rate, or look for extreme values in the rows", step_ + 1, reason);
    auto skipped = skipped_;
    for (auto step = std::max<std::int64_t>(first, 0); step <= step_; ++step) skipped.insert(step);
    const auto rollbacks = rollbacks_ + 1;
    restore(checkpoint_before(first, problem));
    rollbacks_ = rollbacks;
    skipped_ = skipped;
    saver_->went_back_to(step_);
    prefetch();
    begin_window();
    if (observer_.rolled_back) observer_.rolled_back({step_, problem});
  }

  // Collective.  Throws AgreedError kDiverged, with the problem, when there is no way back.
  Checkpoint checkpoint_before(std::int64_t first, const std::string& problem) {
    if (rollbacks_ >= options_.rollbacks) {
      throw AgreedError(ExitCode::kDiverged,
                        fmt::format("{} (undone before: {}, as often as train.rollbacks allows)", problem, rollbacks_));
    }
    if (!saver_) throw AgreedError(ExitCode::kDiverged, problem);
    saver_->wait();
    prefetcher_.reset();
    const auto accept = [&](const Manifest& manifest) {
      if (manifest.step > first) throw DataError("was made by the steps that are taken back");
      check_continues(manifest, model_.parameters());
    };
    try {
      return read_checkpoint_on_all(options_.save.run, group_, accept);
    } catch (const AgreedError&) {
      throw AgreedError(ExitCode::kDiverged, fmt::format("{} (there is no checkpoint to go back to)", problem));
    }
  }

  // After a step: measures, validates, saves.
  void end_step() {
    const auto done = ++step_;
    validation_error_.reset();
    if (options_.check_every > 0 && done % options_.check_every == 0)
      check_same_on_all_ranks(model_.parameters().flat(), group_);
    if (done % options_.log_every == 0 || done == steps_) report(done);
    if (done % validate_every_ == 0 || done == steps_) validate(done);
    if (saver_) saver_->after_step(done, [this] { return snapshot(); });
  }

  Checkpoint snapshot() {
    Checkpoint checkpoint;
    checkpoint.step = step_;
    checkpoint.description = description_;
    checkpoint.state = {.steps = steps_,
                        .finished = step_ >= steps_ || patience_is_over(),
                        .best_error = outcome_.best_error,
                        .best_step = outcome_.best_step,
                        .validations_without_better = validations_without_better_,
                        .recent_losses = loss_guard_.state(),
                        .skipped = skipped_,
                        .rollbacks = rollbacks_,
                        .plan = plans_.state()};
    checkpoint.validation_error = validation_error_;
    checkpoint.layout = model_.parameters().layout();
    checkpoint.vectors = {{kParameters, model_.parameters().flat().cpu()},
                          {kFirstMoment, adam_.first_moment().cpu()},
                          {kSecondMoment, adam_.second_moment().cpu()}};
    if (best_.defined()) checkpoint.vectors[kBestParameters] = best_.cpu();
    return checkpoint;
  }

  void restore(const Checkpoint& checkpoint) {
    const auto& state = checkpoint.state;
    step_ = checkpoint.step;
    model_.parameters().flat().copy_(checkpoint.vectors.at(kParameters));
    adam_.first_moment().copy_(checkpoint.vectors.at(kFirstMoment));
    adam_.second_moment().copy_(checkpoint.vectors.at(kSecondMoment));
    const auto best = checkpoint.vectors.find(kBestParameters);
    best_ = best == checkpoint.vectors.end()
                ? at::Tensor()
                : best->second.to(model_.parameters().flat().options(), false, /*copy=*/true);
    outcome_.best_error = state.best_error;
    outcome_.best_step = state.best_step;
    validations_without_better_ = state.validations_without_better;
    loss_guard_.restore(state.recent_losses);
    plans_.restore(state.plan);
    skipped_ = state.skipped;
    rollbacks_ = state.rollbacks;
  }

  void finish() {
    check_same_on_all_ranks(model_.parameters().flat(), group_);
    if (options_.keep_best) warn(warning_of_support(best_results_, "on validation"));
    if (saver_) saver_->save_last(step_, [this] { return snapshot(); });
    if (options_.keep_best && best_.defined()) model_.parameters().flat().copy_(best_);
    const auto flat = model_.parameters().flat().cpu();
    outcome_.steps_done = step_;
    outcome_.digest = digest(flat.const_data_ptr(), flat.nbytes());
    outcome_.same_bits = bits_are_independent_of_ranks(group_.size(), static_cast<int>(options_.microbatches)) &&
                         (options_.reduction == Reduction::kFixedOrder || group_.size() == 1);
  }

  void report(std::int64_t done) {
    const auto window = static_cast<double>(std::max<std::int64_t>(1, done - window_first_step_));
    const double seconds = window_.seconds();
    const double waited = prefetcher_->waited_seconds();
    if (observer_.progress) {
      observer_.progress(
          {.step = done,
           .steps = steps_,
           .loss = window_loss_ / window,
           .gradient_norm = norm_,
           .rate = adam_.rate(done - 1),
           .tasks_per_second = window * static_cast<double>(options_.tasks) / seconds,
           .seconds_left = since_start_.seconds() / static_cast<double>(std::max<std::int64_t>(1, done - first_step_)) *
                           static_cast<double>(steps_ - done),
           .data_wait_share = (waited - waited_before_) / seconds,
           .reduce_share = (buckets_.unhidden_seconds() - unhidden_before_) / seconds,
           .hidden_reduce_share = std::max(0.0, hidden_seconds() - hidden_before_) / seconds,
           .padded_share = padded_ / window});
    }
    begin_window();
  }

  double hidden_seconds() const { return buckets_.summed_seconds() - buckets_.unhidden_seconds(); }

  // Of steps that are reported together.
  void begin_window() {
    waited_before_ = prefetcher_->waited_seconds();
    unhidden_before_ = buckets_.unhidden_seconds();
    hidden_before_ = hidden_seconds();
    window_first_step_ = step_;
    window_loss_ = padded_ = 0.0;
    window_.restart();
  }

  void validate(std::int64_t done) {
    const Phase phase("validate");
    const Stopwatch validation;
    const auto results = validation_.run(model_);
    const double error = mean_over_supports(results, Measure::kMae);
    ++validations_without_better_;
    if (!std::isfinite(error)) {
      warn_of_validation(done, results);
    } else {
      if (observer_.validated) observer_.validated(done, error);
      validation_error_ = error;
    }
    if (std::isfinite(error) && (outcome_.best_step == 0 || error < outcome_.best_error)) {
      best_results_ = results;
      if (options_.keep_best) best_ = model_.parameters().flat().clone();
      if (saver_) saver_->request();
      outcome_.best_error = error;
      outcome_.best_step = done;
      validations_without_better_ = 0;
    }
    window_.leave_out(validation.seconds());  // the rate is of training
  }

  void warn(const std::string& warning) {
    if (observer_.warned && !warning.empty()) observer_.warned(warning);
  }

  void warn_of_validation(std::int64_t done, const std::vector<EvaluationResult>& results) {
    const auto bad =
        std::find_if(results.begin(), results.end(), [](const auto& each) { return each.not_finite.has_value(); });
    const auto key = bad == results.end() ? "?" : dataset_.task(*bad->not_finite).key();
    warn(fmt::format(
        "step {}: the validation error of {} '{}' is not finite, so these parameters are not the best so far; "
        "look for extreme values in its rows, or lower train.rate",
        done, dataset_.schema().task, key));
  }

  // Equal on every rank: validation errors are.
  bool patience_is_over() const { return options_.patience > 0 && validations_without_better_ >= options_.patience; }

  TwoTower& model_;
  const Dataset& dataset_;
  const TrainOptions& options_;
  Communicator& group_;
  const TrainObserver& observer_;
  nlohmann::json description_;
  MicrobatchRange mine_;
  Sampler sampler_;
  std::int64_t steps_, validate_every_;
  Evaluation validation_;
  Adam adam_;
  GradientBuckets buckets_;
  LossGuard loss_guard_;

  // What a checkpoint holds beside the parameters and moments.
  std::int64_t step_ = 0;  // meta-steps done
  TrainOutcome outcome_;
  at::Tensor best_;
  std::int64_t validations_without_better_ = 0, rollbacks_ = 0;
  PlanTally plans_;  // of this rank's microbatches
  std::set<std::int64_t> skipped_;

  std::optional<RunSaver> saver_;
  std::optional<double> validation_error_;      // of the present step
  std::vector<EvaluationResult> best_results_;  // of the best validation since this process began
  std::int64_t bad_task_ = -1;

  std::int64_t first_step_ = 0, window_first_step_ = 0;
  double norm_ = 0.0, window_loss_ = 0.0, padded_ = 0.0, waited_before_ = 0.0, unhidden_before_ = 0.0,
         hidden_before_ = 0.0;
  Stopwatch since_start_, window_;

  std::int64_t produced_step_ = 0;             // the next one to prefetch
  std::vector<std::vector<Episode>> planned_;  // of the step that is being prefetched
  std::optional<Prefetcher> prefetcher_;       // last: its thread uses the members above
};

}  // namespace

void check_continues(const Manifest& manifest, const Parameters& parameters) {
  for (const auto* name : {kFirstMoment, kSecondMoment}) {
    if (!manifest.has_vector(name))
      throw DataError(fmt::format("lacks '{}', without which training cannot go on", name));
  }
  if (manifest.layout != parameters.layout()) throw DataError("its parameters are not those of this model");
}

NamedTensors trained_parameters(const Checkpoint& checkpoint) {
  return checkpoint.named(checkpoint.vectors.contains(kBestParameters) ? kBestParameters : kParameters);
}

TrainOutcome train(TwoTower& model, const Dataset& dataset, const TrainOptions& options, Communicator& group,
                   const TrainObserver& observer, TrainStart start) {
  std::unique_ptr<Trainer> trainer;
  agree(group, [&] {
    check(options, group.size());
    check_labels(dataset, model.options().loss, group.rank(), group.size());
    trainer = std::make_unique<Trainer>(model, dataset, options, group, observer, start);
  });
  start.checkpoint.reset();  // as large as all that the trainer holds
  return trainer->run();
}

}  // namespace warmstart
