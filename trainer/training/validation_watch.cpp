#include "trainer/training/validation_watch.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/stopwatch.h"
#include "cluster/watchdog.h"
#include "trainer/tables/bytes_of_values.h"
#include "trainer/training/catalogue_encoding.h"
#include "trainer/training/looked_up_ids.h"
#include "trainer/training/run_warnings.h"

namespace warmstart {
namespace {

// By ShardedTables::lists().
std::vector<IdRange> kinds_of_ids(const ShardedTables& tables) {
  std::vector<IdRange> kinds;
  for (const auto& list : tables.lists()) kinds.push_back({list.ids_of(), list.ids()});
  return kinds;
}

}  // namespace

ValidationWatch::ValidationWatch(const Recommender& model, Parameters& parameters, ShardedTables& tables,
                                 const Dataset& dataset, const ValidationOptions& options, Communicator& group)
    : model_(model), parameters_(parameters), tables_(tables), dataset_(dataset), options_(options), group_(group) {
  const bool matters = options.keep_best || options.patience > 0;
  if (!matters && dataset.tasks_of(Split::kValidation).empty()) return;
  evaluation_.emplace(dataset, Split::kValidation, options.evaluation, group);
  check(options.measure, options.evaluation, evaluation_->scale());
}

Validation ValidationWatch::validate(std::int64_t step) {
  newest_step_ = step;
  if (!evaluation_) return {};
  const Phase phase("validate");
  const Stopwatch stopwatch;
  const auto results = this->results();
  const double value = mean_over_supports(results, options_.measure);
  Validation validation;
  ++without_better_;
  if (std::isfinite(value)) {
    validation.value = value;
    validation.best = best_step_ == 0 || is_better(options_.measure, value, best_value_);
    if (validation.best) note_best(step, value, results);
  } else {
    validation.warning = not_finite(step, results);
  }
  newest_value_ = validation.value;
  seconds_ += stopwatch.seconds();
  return validation;
}

// The rows of sharded tables that this rank's tasks look up are its own meanwhile, after those of the entities.
std::vector<EvaluationResult> ValidationWatch::results() {
  if (tables_.empty() || tables_.ranks() == 1) return evaluation_->run(model_);
  const auto* by_encodings = evaluation_->ranks_all() ? options_.by_encodings : nullptr;
  const auto kinds = kinds_of_ids(tables_);
  if (looked_up_.empty()) looked_up_ = looked_up_ids({&*evaluation_}, kinds, by_encodings != nullptr);
  std::optional<CataloguedLearner> catalogued;
  if (by_encodings != nullptr)
    catalogued.emplace(
        *by_encodings,
        catalogue_encoding(*by_encodings, dataset_,
                           {kinds, bytes_of_values(tables_.list()), [this](const auto& ids) { hold(ids); }}, group_));
  hold(looked_up_);
  auto results = evaluation_->run(catalogued ? static_cast<const Recommender&>(*catalogued) : model_);
  tables_.release();
  return results;
}

void ValidationWatch::hold(const std::vector<at::Tensor>& ids) {
  tables_.release();
  tables_.hold(ids, group_);
}

void ValidationWatch::note_best(std::int64_t step, double value, const std::vector<EvaluationResult>& results) {
  best_value_ = value;
  best_step_ = step;
  without_better_ = 0;
  best_results_ = results;
  if (!options_.keep_best) return;
  best_ = parameters_.flat().clone();
  tables_.keep_best(step);
}

std::string ValidationWatch::not_finite(std::int64_t step, const std::vector<EvaluationResult>& results) const {
  const auto bad =
      std::find_if(results.begin(), results.end(), [](const auto& each) { return each.not_finite.has_value(); });
  if (bad == results.end()) {
    return fmt::format(
        "step {}: no validation {} defines {}, so these parameters are not the best so far; choose another "
        "validate.measure (docs/measures.md)",
        step, dataset_.schema().task, name_of(options_.measure));
  }
  return fmt::format(
      "step {}: the validation error of {} '{}' is not finite, so these parameters are not the best so far; "
      "look for extreme values in its rows, or lower train.rate",
      step, dataset_.schema().task, dataset_.task(*bad->not_finite).key());
}

std::string ValidationWatch::warning_of_best() const {
  return options_.keep_best ? warning_of_support(best_results_, options_.measure, "on validation") : "";
}

void ValidationWatch::take_best() {
  if (!options_.keep_best || !best_.defined()) return;
  parameters_.flat().copy_(best_);
  tables_.take_best();
}

void ValidationWatch::save(Checkpoint& checkpoint) const {
  auto& state = checkpoint.state;
  state.best_error = best_value_;
  state.best_step = best_step_;
  state.validations_without_better = without_better_;
  if (checkpoint.step == newest_step_) checkpoint.validation_error = newest_value_;
  if (best_.defined()) checkpoint.vectors[kBestParameters] = best_.cpu();
}

void ValidationWatch::restore(const Checkpoint& checkpoint) {
  const auto& state = checkpoint.state;
  best_value_ = state.best_error;
  best_step_ = state.best_step;
  without_better_ = state.validations_without_better;
  const auto best = checkpoint.vectors.find(kBestParameters);
  best_ = best == checkpoint.vectors.end() ? at::Tensor()
                                           : best->second.to(parameters_.flat().options(), false, /*copy=*/true);
  newest_step_ = checkpoint.step;
  newest_value_ = checkpoint.validation_error;
}

}  // namespace warmstart
