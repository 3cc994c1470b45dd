#include "trainer/training/training_state.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/errors.h"

namespace warmstart {
namespace {

ValidationOptions validation_options(const TrainOptions& options, const Learner& model) {
  return {.evaluation = options.validation,
          .measure = measure_of_validation(options, model.options().objective.kind),
          .keep_best = options.keep_best,
          .by_encodings = model.scores_catalogues() ? &model : nullptr,
          .patience = options.patience};
}

}  // namespace

TrainingState::TrainingState(Learner& model, const Dataset& dataset, const TrainOptions& options,
                             std::int64_t all_steps, Communicator& group, Communicator& gradients,
                             const std::optional<Checkpoint>& start)
    : steps(all_steps),
      meta_step(model, dataset, options, all_steps, group, gradients),
      validation(model, model.parameters(), model.sharded_tables(), dataset, validation_options(options, model),
                 group) {
  if (start) restore(*start);
}

Checkpoint TrainingState::snapshot(std::optional<std::int64_t> base) const {
  Checkpoint checkpoint;
  checkpoint.base = base;
  checkpoint.step = step;
  checkpoint.state.steps = steps;
  checkpoint.state.finished = finished();
  checkpoint.state.skipped = skipped;
  checkpoint.state.rollbacks = rollbacks;
  meta_step.save(checkpoint);
  validation.save(checkpoint);
  return checkpoint;
}

void TrainingState::restore(const Checkpoint& checkpoint) {
  step = checkpoint.step;
  skipped = checkpoint.state.skipped;
  rollbacks = checkpoint.state.rollbacks;
  meta_step.restore(checkpoint);
  validation.restore(checkpoint);
}

void check_continues(const Manifest& manifest, const Parameters& parameters, const ShardedTables& tables) {
  for (const auto* name : {kFirstMoment, kSecondMoment}) {
    if (!manifest.has_vector(name))
      throw DataError(fmt::format("lacks '{}', without which training cannot go on", name));
  }
  if (manifest.layout != parameters.layout()) throw DataError("its parameters are not those of this model");
  const auto is_saved = [&](const ShardedTable& table) {
    return std::any_of(manifest.tables.begin(), manifest.tables.end(), [&](const auto& saved) {
      return saved.name == table.name && saved.width == table.width && saved.grows() == tables.grow() &&
             (saved.grows() || saved.rows == table.ids);
    });
  };
  const bool same =
      std::all_of(tables.list().begin(), tables.list().end(), is_saved) && manifest.tables.empty() == tables.empty();
  if (!same) throw DataError("its sharded tables are not those of this model");
}

NamedTensors trained_parameters(const Checkpoint& checkpoint) {
  return checkpoint.named(checkpoint.has_best() ? kBestParameters : kParameters);
}

}  // namespace warmstart
