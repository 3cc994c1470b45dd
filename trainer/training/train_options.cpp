#include "trainer/training/train_options.h"

#include <fmt/format.h>

#include <cmath>
#include <tuple>

#include "base/errors.h"
#include "base/options.h"
#include "trainer/adaptation/make_stages.h"
#include "trainer/training/schedule.h"

namespace warmstart {
namespace {

constexpr double kMostSteps = 1e9;

void declare_steps(Options& add, TrainOptions& options) {
  add.add("train.steps", options.steps, "meta-steps; 0: as many as epochs take").from(0).to(kMostSteps);
  add.add("train.epochs", options.epochs, "passes over the training tasks").from(0).to(1e6);
  add.add("train.tasks", options.tasks, "tasks of a meta-step").from(1).to(1e12);
  add.add("train.microbatches", options.microbatches, "parts of a meta-step, a power of two; at most so many ranks")
      .from(1)
      .to(1 << 20);
  add.add("train.seed", options.seed, "of everything random in a run");
}

void declare_arithmetic(Options& add, TrainOptions& options) {
  add.add("train.precision", options.precision, "of products: float32, tf32 (GPUs only) or bfloat16 (adapted layers)");
  add.add(
      "train.reduction", options.reduction,
      "how gradients are added over ranks: fixed-order (the same bits on 1, 2, 4 ... ranks), or transport: as MPI or "
      "NCCL does");
  add.add("train.bucket-megabytes", options.bucket_megabytes,
          "of the gradient, added over ranks at once while the reverse pass goes on; 0: all of it, after the pass")
      .from(0)
      .to(1e6)
      .neutral();
}

void declare_dropout(Options& add, TrainOptions& options) {
  add.add("train.dropout", options.dropout, "share of units dropped").from(0).below(1);
  add.add("train.key-dropout", options.key_dropout, "share of rows trained on as if their key were unknown")
      .from(0)
      .to(1);
  add.add("train.all-keys-dropout", options.all_keys_dropout,
          "probability per step that all rows are trained as if their keys were unknown")
      .from(0)
      .to(1);
  add.add("train.value-dropout", options.value_dropout,
          "where a row is trained on as if its key were unknown, a field's value that n entities have is unknown, too, "
          "with a probability of this over n, as a new entity's may well be; 0: none is")
      .from(0)
      .to(1e6)
      .formerly("0");
}

void declare_watch(Options& add, TrainOptions& options) {
  add.add("train.log-every", options.log_every, "steps between metrics").from(1).to(kMostSteps).neutral();
  add.add("train.check-every", options.check_every,
          "steps between comparisons of the ranks' parameters; 0: only at the end")
      .from(0)
      .to(kMostSteps)
      .neutral();
  add.add("train.validate-every", options.validate_every, "steps between validations; 0: ten a run")
      .from(0)
      .to(kMostSteps);
  add.add("validate.measure", options.measure,
          "tells which parameters are best, and in evaluate how the joint model is fine-tuned best and whether support "
          "hurts: any of evaluate.measures, or own: log-loss with model.objective = binary, poisson-deviance with "
          "poisson, accuracy with classes, ndcg@5 with pairwise and listwise, else mae");
  add.add("train.keep-best", options.keep_best,
          "end with the parameters that did best on validation; false: with the last, as where no tasks validate");
  add.add("train.patience", options.patience, "validations without a better one before stopping; 0: never")
      .from(0)
      .to(kMostSteps);
}

void declare_safety(Options& add, TrainOptions& options) {
  add.add("train.loss-limit", options.loss_limit,
          "times the running median, above 1: a larger loss takes the run back; 0: only one that is not finite")
      .from(0)
      .to(1e30);
  add.add("train.rollbacks", options.rollbacks, "times that a run is taken back before it gives up").from(0).to(1e6);
  add.add("train.hang-seconds", options.hang_seconds, "seconds without progress that end the run; 0: never")
      .from(0)
      .to(1e9)
      .neutral();
}

Measure own_measure_of(ObjectiveKind objective) {
  if (ranks(objective)) return {MeasureKind::kNdcg, 5};
  if (objective == ObjectiveKind::kClasses) return {MeasureKind::kAccuracy};
  if (objective == ObjectiveKind::kBinary) return {MeasureKind::kLogLoss};
  if (objective == ObjectiveKind::kPoisson) return {MeasureKind::kPoissonDeviance};
  return {MeasureKind::kMae};
}

}  // namespace

void declare(Options& add, TrainOptions& options) {
  declare_steps(add, options);
  declare_arithmetic(add, options);
  declare(add, options.outer);
  declare(add, options.adam);
  declare_dropout(add, options);
  declare_watch(add, options);
  declare(add, options.save);
  declare_safety(add, options);
  declare(add, options.tables);
  declare(add, options.episode);
}

void check(const TrainOptions& options, int ranks) {
  require((options.microbatches & (options.microbatches - 1)) == 0,
          fmt::format("train.microbatches = {} is not a power of two", options.microbatches));
  require(ranks <= options.microbatches,
          fmt::format("{} ranks cannot share {} microbatches; use fewer ranks or raise train.microbatches", ranks,
                      options.microbatches));
  require(options.tasks >= options.microbatches,
          fmt::format("train.tasks = {} is under train.microbatches = {}", options.tasks, options.microbatches));
  require(options.loss_limit == 0 || options.loss_limit > 1, "train.loss-limit must be above 1, or 0");
  require(options.steps > 0 || options.epochs > 0, "train.steps or train.epochs must be above 0");
  require(options.outer.schedule.empty() || options.steps == 0,
          "train.schedule counts epochs, and train.steps sets the length of the run; leave train.steps at 0");
  Schedule(options.outer.schedule, options.epochs);  // throws
  check(options.validation);
  check(options.tables);
}

void check(const OuterOptions& outer, double epochs, const ModelOptions& model) {
  const bool is_of_classes = model.objective.kind == ObjectiveKind::kClasses;
  require(!is_of_classes || !starts_from_zero(model.adapt.stages, model.objective.classes) ||
              !Schedule(outer.schedule, epochs).has(Part::kJoint),
          "train.schedule = joint trains what tasks without support rows score, and with model.objective = classes all "
          "classes score the same then; let adapt.stages begin with prior, or leave the joint part out");
  if (outer.update == OuterUpdate::kQueryLoss) return;
  const auto name = to_text(outer.update);
  const auto& [stages, inner] = std::tie(model.adapt.stages, model.adapt.inner);
  require(!stages.empty() && stages.back() == StageKind::kSteps && inner.steps > 0,
          fmt::format("train.outer = {} moves the parameters to where inner steps end; let adapt.stages end with steps",
                      name));
  require(inner.rates == InnerRates::kFixed,
          fmt::format("train.outer = {} has no gradient to learn inner rates by; set inner.rates = fixed", name));
  require(model.adapt.readout == ReadoutKind::kLinear,
          fmt::format("train.outer = {} has no gradient to learn adapt.readout = {} by; set adapt.readout = linear",
                      name, to_text(model.adapt.readout)));
  require(!model.adapt.modulation,
          fmt::format("train.outer = {} has no gradient to learn adapt.modulation by; set it to false", name));
  require(!inner.warp && inner.tower_pull == 0,
          fmt::format("train.outer = {} knows neither inner.warp nor inner.tower-pull; leave them at their defaults",
                      name));
  require(model.adapt.no_support == 0,
          fmt::format("train.outer = {} has no query loss for adapt.no-support to weigh; set it to 0", name));
  require(inner.scope == Scope::kAll || Schedule(outer.schedule, epochs).has(Part::kJoint),
          fmt::format("train.outer = {} moves what inner steps change, and with inner.scope = {} other layers would "
                      "stay as they were drawn; set inner.scope = all, or train them first: train.schedule = joint:5, "
                      "meta:20",
                      name, to_text(inner.scope)));
  require(outer.update != OuterUpdate::kAveraging || stages.size() == 1,
          "train.outer = averaging is the mean of parameters that all tasks start from, and other stages give each "
          "task a start of its own; set adapt.stages = steps");
}

void check_negatives(const TrainOptions& options, const ObjectiveOptions& objective) {
  if (options.episode.negatives == 0) return;
  require(objective.kind != ObjectiveKind::kClasses,
          "episode.negatives draws rows of label 0, which model.objective = classes takes for a class; set it to 0");
  require(options.outer.update == OuterUpdate::kQueryLoss,
          fmt::format("episode.negatives joins query rows, and train.outer = {} sees support rows alone; set it to 0",
                      to_text(options.outer.update)));
}

Measure measure_of_validation(const TrainOptions& options, ObjectiveKind objective) {
  const bool among_rows = options.validation.candidates.kind == Candidates::Kind::kRows;
  if (!options.measure) return among_rows ? own_measure_of(objective) : Measure{MeasureKind::kNdcg, 10};
  const auto& measure = *options.measure;
  require(
      !is_of_lists(measure),
      fmt::format("validate.measure = {} tells what is recommended, not whether anybody likes it; choose recall@10, "
                  "ndcg@10 or mrr",
                  name_of(measure)));
  const bool judges_labels = is_row_wise(measure) || measure.kind == MeasureKind::kCalibrationError;
  require(
      !(ranks(objective) && judges_labels),
      fmt::format("validate.measure = {} judges predicted labels, and model.objective = {} predicts an order alone; "
                  "choose ndcg@1, ndcg@3 or ndcg@5",
                  name_of(measure), to_text(objective)));
  return measure;
}

std::int64_t total_steps(const TrainOptions& options, const EpisodeSource& source) {
  if (options.steps > 0) return options.steps;
  return static_cast<std::int64_t>(
      std::ceil(options.epochs * static_cast<double>(source.epoch_episodes()) / static_cast<double>(options.tasks)));
}

}  // namespace warmstart
