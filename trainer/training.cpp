#include "trainer/training.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <torch/csrc/autograd/autograd.h>

#include <chrono>
#include <cmath>
#include <memory>

#include "base/digest.h"
#include "cluster/agreement.h"
#include "cluster/gradient_sum.h"
#include "cluster/parameter_check.h"
#include "cluster/stop_signal.h"
#include "trainer/bias_model.h"

namespace warmstart {
namespace {

using Clock = std::chrono::steady_clock;
double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

// What is summed over ranks behind the gradient, in the same collective.
enum Tail : std::int64_t { kLoss, kInterrupted, kSaved, kTailSize };

class Trainer {
 public:
  Trainer(TwoTower& model, const Dataset& dataset, const TrainOptions& options, Communicator& group, const TrainObserver& observer)
      : model_(model),
        dataset_(dataset),
        options_(options),
        group_(group),
        observer_(observer),
        mine_(microbatches_of(group.rank(), group.size(), static_cast<int>(options.microbatches))),
        sampler_(dataset, dataset.tasks_of(Split::kTrain), options.episode, options.seed, options.tasks,
                 static_cast<int>(options.microbatches)),
        steps_(total_steps(options, sampler_)),
        validate_every_(options.validate_every > 0 ? options.validate_every : std::max<std::int64_t>(1, steps_ / 10)),
        validation_(dataset, Split::kValidation, options.validation, group),
        adam_(model.parameters(), options.adam, steps_),
        prefetcher_([this](std::uint64_t n) { return make(n); }, static_cast<std::size_t>(2 * mine_.count)) {}

  TrainOutcome run() {
    start_ = window_start_ = Clock::now();
    for (step_ = 0; step_ < steps_ && outcome_.stop == ExitCode::kOk && !patience_is_over(); ++step_) take_step();
    outcome_.steps_done = step_;
    check_same_on_all_ranks(model_.parameters().flat(), group_);
    if (options_.keep_best && best_.defined()) model_.parameters().flat().copy_(best_);
    const auto& flat = model_.parameters().flat();
    outcome_.digest = digest(flat.const_data_ptr(), flat.nbytes());
    outcome_.same_bits = bits_are_independent_of_ranks(group_.size(), static_cast<int>(options_.microbatches));
    return outcome_;
  }

 private:
  // The n-th microbatch of this rank, on the prefetcher's thread.
  std::optional<EpisodeBatch> make(std::uint64_t n) {
    const auto step = n / static_cast<std::uint64_t>(mine_.count), own = n % static_cast<std::uint64_t>(mine_.count);
    if (step >= static_cast<std::uint64_t>(steps_)) return std::nullopt;
    if (own == 0) planned_ = sampler_.meta_batch(step);
    std::vector<TaskEpisode> episodes;
    for (const auto& episode : planned_[static_cast<std::size_t>(mine_.first) + own])
      episodes.push_back({episode.task, sampler_.rows(episode)});
    return make_batch(dataset_, episodes);
  }

  void take_step() {
    TreeSum sum;
    for (int part = 0; part < mine_.count; ++part) {
      const auto batch = prefetcher_.next();
      padded_ += batch.padded_share() / mine_.count;
      sum.add(gradient(batch, mine_.first + part));
    }
    auto total = sum.take();
    note_stop(total);
    const auto reduce_start = Clock::now();
    sum_in_fixed_order(total, group_);
    reduce_seconds_ += seconds_since(reduce_start);

    const auto parameters = model_.parameters().flat().numel();
    const auto tail = total.narrow(0, parameters, kTailSize);
    check_finite(tail[kLoss].item<double>());
    const double norm = adam_.step(step_, total.narrow(0, 0, parameters), model_.parameters());
    if (!std::isfinite(norm))
      throw AgreedError(ExitCode::kDiverged, fmt::format("step {}: the gradient is not finite; lower train.rate", step_ + 1));
    window_loss_ += tail[kLoss].item<double>();
    if (tail[kInterrupted].item<double>() > 0)
      outcome_.stop = ExitCode::kInterrupted;
    else if (tail[kSaved].item<double>() > 0)
      outcome_.stop = ExitCode::kSaved;
    after_step(norm);
  }

  // The gradient of the microbatch's share of the mean loss, with the tail behind it.
  at::Tensor gradient(const EpisodeBatch& batch, int microbatch) {
    const TensorBatch tensors(batch, at::kFloat);
    const Dropout dropout(options_.seed, static_cast<std::uint64_t>(step_), static_cast<std::uint64_t>(microbatch), options_.dropout,
                          options_.key_dropout, options_.all_keys_dropout);
    const auto losses = model_.losses(tensors, &dropout);
    note_not_finite(losses, batch);
    const auto loss = losses.sum() / static_cast<double>(options_.tasks);
    const auto values = model_.parameters().values();
    const auto gradients = torch::autograd::grad({loss}, values, {}, std::nullopt, false, /*allow_unused=*/true);
    std::vector<at::Tensor> pieces;
    for (std::size_t i = 0; i < values.size(); ++i) {
      pieces.push_back(gradients[i].defined() ? gradients[i].reshape({-1}) : at::zeros({values[i].numel()}, at::kFloat));
    }
    auto tail = at::zeros({kTailSize}, at::kFloat);
    tail[kLoss] = loss.detach();
    pieces.push_back(tail);
    return at::cat(pieces);
  }

  void note_stop(at::Tensor& total) {
    const auto stop = stop_requested();
    if (stop == ExitCode::kOk) return;
    total[model_.parameters().flat().numel() + (stop == ExitCode::kInterrupted ? kInterrupted : kSaved)] = 1.0;
  }

  void note_not_finite(const at::Tensor& losses, const EpisodeBatch& batch) {
    const auto bad = losses.detach().isfinite().logical_not().nonzero();
    if (bad.numel() > 0 && bad_task_ < 0) bad_task_ = batch.task[static_cast<std::size_t>(bad[0].item<std::int64_t>())];
  }

  // The sum is the same on all ranks, so all of them leave here or none does.
  void check_finite(double loss) {
    if (std::isfinite(loss)) return;
    auto tasks = at::full({1}, bad_task_, at::kLong);
    const auto all = group_.gather_slices(tasks);
    const auto task = all.max().item<std::int64_t>();
    throw AgreedError(ExitCode::kDiverged,
                      fmt::format("step {}: the loss of {} '{}' is not finite; lower train.rate, or look for extreme values in its rows",
                                  step_ + 1, dataset_.schema().task, task < 0 ? "?" : dataset_.task(task).key()));
  }

  void after_step(double norm) {
    const auto done = step_ + 1;
    if (options_.check_every > 0 && done % options_.check_every == 0) check_same_on_all_ranks(model_.parameters().flat(), group_);
    if (done % options_.log_every == 0 || done == steps_) report(done, norm);
    if (done % validate_every_ == 0 || done == steps_) validate(done);
  }

  void report(std::int64_t done, double norm) {
    const auto window = static_cast<double>(done - window_first_step_);
    const double seconds = seconds_since(window_start_);
    const double waited = prefetcher_.waited_seconds();
    if (observer_.progress) {
      observer_.progress({.step = done,
                          .steps = steps_,
                          .loss = window_loss_ / window,
                          .gradient_norm = norm,
                          .rate = adam_.rate(step_),
                          .tasks_per_second = window * static_cast<double>(options_.tasks) / seconds,
                          .seconds_left = seconds_since(start_) / static_cast<double>(done) * static_cast<double>(steps_ - done),
                          .data_wait_share = (waited - waited_before_) / seconds,
                          .reduce_share = reduce_seconds_ / seconds,
                          .padded_share = padded_ / window});
    }
    waited_before_ = waited;
    window_first_step_ = done;
    window_loss_ = reduce_seconds_ = padded_ = 0.0;
    window_start_ = Clock::now();
  }

  void validate(std::int64_t done) {
    const auto validation_start = Clock::now();
    const double error = validation_.mean_absolute_error(model_);
    if (observer_.validated) observer_.validated(done, error);
    ++validations_without_better_;
    if (!best_.defined() || error < outcome_.best_error) {
      best_ = model_.parameters().flat().clone();
      outcome_.best_error = error;
      outcome_.best_step = done;
      validations_without_better_ = 0;
    }
    window_start_ += Clock::now() - validation_start;  // the rate is of training
  }

  // Equal on every rank: validation errors are.
  bool patience_is_over() const { return options_.patience > 0 && validations_without_better_ >= options_.patience; }

  TwoTower& model_;
  const Dataset& dataset_;
  const TrainOptions& options_;
  Communicator& group_;
  const TrainObserver& observer_;
  MicrobatchRange mine_;
  Sampler sampler_;
  std::int64_t steps_, validate_every_, step_ = 0;
  Evaluation validation_;
  Adam adam_;
  TrainOutcome outcome_;
  at::Tensor best_;
  std::int64_t validations_without_better_ = 0, bad_task_ = -1, window_first_step_ = 0;
  double window_loss_ = 0.0, reduce_seconds_ = 0.0, padded_ = 0.0, waited_before_ = 0.0;
  Clock::time_point start_, window_start_;
  std::vector<std::vector<Episode>> planned_;  // of the step that is being prefetched
  Prefetcher prefetcher_;                      // last: its thread uses the members above
};

void check(const TrainOptions& options, const Communicator& group) {
  require(options.microbatches > 0 && (options.microbatches & (options.microbatches - 1)) == 0,
          fmt::format("train.microbatches = {} is not a power of two", options.microbatches));
  require(group.size() <= options.microbatches,
          fmt::format("{} ranks cannot share {} microbatches; use fewer ranks or raise train.microbatches", group.size(),
                      options.microbatches));
  require(options.tasks >= options.microbatches,
          fmt::format("train.tasks = {} is under train.microbatches = {}", options.tasks, options.microbatches));
  require(options.log_every > 0, "train.log-every must be at least 1");
  const auto share = [](double value) { return value >= 0.0 && value <= 1.0; };
  require(options.dropout >= 0.0 && options.dropout < 1.0, "train.dropout must be in [0, 1)");
  require(share(options.key_dropout) && share(options.all_keys_dropout), "train.key-dropout and train.all-keys-dropout must be in [0, 1]");
  require(options.adam.rate > 0, "train.rate must be above 0");
  require(options.steps > 0 || options.epochs > 0, "train.steps or train.epochs must be above 0");
}

}  // namespace

std::int64_t total_steps(const TrainOptions& options, const Sampler& sampler) {
  if (options.steps > 0) return options.steps;
  return static_cast<std::int64_t>(
      std::ceil(options.epochs * static_cast<double>(sampler.epoch_episodes()) / static_cast<double>(options.tasks)));
}

void start_from_data(TwoTower& model, const Dataset& dataset, Communicator& group) {
  agree(group, [&] {
    if (group.rank() != 0) return;
    if (model.options().loss == Loss::kBinary) {
      const double mean = std::clamp(dataset.label_mean(), 1e-4, 1.0 - 1e-4);
      return model.start_from(std::log(mean / (1.0 - mean)), {});
    }
    const BiasModel fit(TrainingRows(dataset), dataset.schema());
    auto key_bias = at::zeros({feature_layout(dataset.schema()).keys}, at::kFloat);
    for (std::int64_t entity = 0; entity < dataset.entities(); ++entity) {
      const auto key = dataset.entity_fields()[0].ids(static_cast<std::size_t>(entity))[0];
      if (key != 0) key_bias[key] = fit.entity_bias()[static_cast<std::size_t>(entity)];
    }
    model.start_from(fit.mean(), key_bias);
  });
  group.broadcast(model.parameters().flat(), 0);
}

TrainOutcome train(TwoTower& model, const Dataset& dataset, const TrainOptions& options, Communicator& group,
                   const TrainObserver& observer) {
  std::unique_ptr<Trainer> trainer;
  agree(group, [&] {
    check(options, group);
    trainer = std::make_unique<Trainer>(model, dataset, options, group, observer);
  });
  return trainer->run();
}

}  // namespace warmstart
