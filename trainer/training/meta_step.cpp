#include "trainer/training/meta_step.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>

namespace warmstart {
namespace {

Divergence divergence(std::int64_t step, const std::string& reason, std::int64_t first_cause) {
  return {fmt::format("step {}: {}; lower train.rate, or look for extreme values in the rows", step + 1, reason),
          first_cause};
}

}  // namespace

MetaStep::MetaStep(Learner& model, const Dataset& dataset, const TrainOptions& options, std::int64_t steps,
                   Communicator& group, Communicator& gradients)
    : parameters_(model.parameters()),
      tables_(model.sharded_tables()),
      dataset_(dataset),
      group_(group),
      options_(options),
      gradient_(model, dataset, options, steps, group, gradients),
      adam_(model.parameters(), options.adam, steps),
      row_optimizer_(model.sharded_tables(), options.tables, options.adam),
      guard_(options.loss_limit) {}

StepOutcome MetaStep::take(std::int64_t step, MicrobatchStream& stream, bool save_due) {
  const auto found = gradient_.of_step(step, stream, save_due);
  StepOutcome outcome{.loss = found.loss,
                      .padded_share = found.padded_share,
                      .repeated_share = found.rows.repeated_share,
                      .traffic = found.traffic,
                      .stop = found.stop,
                      .save_due = found.save_due,
                      .divergence = {}};
  if (const auto refused = refusal(found); !refused.empty()) {
    // The loss judges the update before it, too.
    outcome.divergence = divergence(step, refused, step - 1);
    return outcome;
  }
  outcome.gradient_norm = update(step, found);
  tables_.end_step(step, found.rows.sightings);
  if (!std::isfinite(outcome.gradient_norm)) outcome.divergence = divergence(step, "the gradient is not finite", step);
  return outcome;
}

bool MetaStep::averages(std::int64_t step) const {
  return options_.outer.update == OuterUpdate::kAveraging && gradient_.part_of(step) == Part::kMeta;
}

double MetaStep::rate(std::int64_t step) const {
  return averages(step) ? options_.outer.averaging_rate : adam_.rate(step);
}

// Returns the gradient's norm.
double MetaStep::update(std::int64_t step, const ReducedGradient& found) {
  if (averages(step)) {
    parameters_.flat().sub_(found.gradient, options_.outer.averaging_rate);
    subtract(found.rows.gradients, step, options_.outer.averaging_rate);
    return std::hypot(at::linalg_vector_norm(found.gradient).item<double>(), found.rows_norm);
  }
  const auto norm = adam_.step(step, found.gradient, parameters_, found.rows_norm);
  row_optimizer_.update(found.rows.gradients, step, adam_.rate(step) / options_.adam.rate, adam_.clipping(norm));
  return norm;
}

// Collective: the loss is the same on all ranks, so all of them ask for the task or none does.
std::string MetaStep::refusal(const ReducedGradient& found) {
  const auto refused = guard_.judge(found.loss);
  return refused.empty() ? "" : fmt::format("the loss {}{}", task_to_blame(found), refused);
}

std::string MetaStep::task_to_blame(const ReducedGradient& found) {
  if (std::isfinite(found.loss)) return "";
  const auto task = group_.gather_slices(at::full({1}, found.not_finite_task, at::kLong)).max().item<std::int64_t>();
  return fmt::format("of {} '{}' ", dataset_.schema().task, task < 0 ? "?" : dataset_.task(task).key());
}

void MetaStep::save(Checkpoint& checkpoint) const {
  checkpoint.layout = parameters_.layout();
  checkpoint.vectors[kParameters] = parameters_.flat().cpu();
  checkpoint.vectors[kFirstMoment] = adam_.first_moment().cpu();
  checkpoint.vectors[kSecondMoment] = adam_.second_moment().cpu();
  tables_.save(checkpoint);
  checkpoint.state.recent_losses = guard_.state();
  checkpoint.state.plan = gradient_.plans().state();
}

void MetaStep::restore(const Checkpoint& checkpoint) {
  parameters_.flat().copy_(checkpoint.vectors.at(kParameters));
  adam_.first_moment().copy_(checkpoint.vectors.at(kFirstMoment));
  adam_.second_moment().copy_(checkpoint.vectors.at(kSecondMoment));
  tables_.restore(checkpoint);
  guard_.restore(checkpoint.state.recent_losses);
  gradient_.plans().restore(checkpoint.state.plan);
}

}  // namespace warmstart
