#include "trainer/learner/memory_estimate.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <numeric>

#include "base/host.h"
#include "data/batch.h"

namespace warmstart {
namespace {

constexpr double kBytes = 4;              // of a float32
constexpr double kVectorsOfTraining = 4;  // the parameters, their gradient and its two moments

// Of the learned inner rates, as InnerRule adds them.
double inner_rate_count(const ModelOptions& options, double row_dense) {
  const auto& inner = options.inner;
  if (inner.steps == 0 || inner.rates == InnerRates::kFixed) return 0;
  const bool per_parameter = inner.rates == InnerRates::kPerParameter;
  const double steps = inner.steps, embedding = static_cast<double>(options.embedding);
  const double outputs = static_cast<double>(options.features) + 1;
  double count = steps * (per_parameter ? outputs : 1) + 2 + steps;
  if (inner.scope == Scope::kHead) return count;
  const auto add_layer = [&](double in, double out) {
    count += steps + (per_parameter ? out + (in > 0 ? in + 1 : 0) : 0);
  };
  double width = embedding;
  add_layer(row_dense, embedding);
  for (const auto next : options.tower) {
    add_layer(width, static_cast<double>(next));
    width = static_cast<double>(next);
  }
  add_layer(width, outputs);
  add_layer(embedding, outputs);
  if (inner.scope == Scope::kAll) {
    add_layer(0, embedding);
    add_layer(0, 1);
  }
  return count;
}

std::string widths(const ModelOptions& options) {
  return fmt::format("model.embedding = {}, model.tower = {}, model.features = {}, model.prior = {}", options.embedding,
                     fmt::join(options.tower, ", "), options.features, options.prior);
}

}  // namespace

double parameter_count(const Schema& schema, const ModelOptions& options) {
  const auto layout = feature_layout(schema);
  const auto row_dense = static_cast<double>(layout.row_dense), task_dense = static_cast<double>(layout.task_dense);
  const double embedding = static_cast<double>(options.embedding), prior = static_cast<double>(options.prior);
  const double outputs = static_cast<double>(options.features) + 1;
  double count = embedding * (static_cast<double>(layout.row_ids) + row_dense + 1) + static_cast<double>(layout.keys);
  double width = embedding;
  for (const auto next : options.tower) {
    count += static_cast<double>(next) * (width + 1);
    width = static_cast<double>(next);
  }
  count += outputs * (width + 1 + embedding);
  count += prior * (static_cast<double>(layout.task_ids) + task_dense + 1) + outputs * (prior + 1);
  return count + inner_rate_count(options, row_dense);
}

void require_model_memory(const Schema& schema, const ModelOptions& options) {
  const double count = parameter_count(schema, options);
  require_memory(kBytes * count, fmt::format("{}: the {:.4g} parameters", widths(options), count));
}

void require_training_memory(const Schema& schema, const ModelOptions& model, const TrainOptions& options) {
  const double count = parameter_count(schema, model), tasks = static_cast<double>(options.tasks);
  require_memory(kBytes * kVectorsOfTraining * count,
                 fmt::format("{}: the {:.4g} parameters, their gradient and two moments", widths(model), count));
  require_memory(tasks * sizeof(Episode), fmt::format("train.tasks = {}: the plan of a meta-step", options.tasks));
  // A support row and a query row of each task, with what the tower makes of them.
  const double width = static_cast<double>(model.embedding + model.features + 1) +
                       std::accumulate(model.tower.begin(), model.tower.end(), 0.0);
  require_memory(2 * kBytes * width * tasks / static_cast<double>(options.microbatches),
                 fmt::format("train.tasks = {}, train.microbatches = {}: the activations of a microbatch",
                             options.tasks, options.microbatches));
}

}  // namespace warmstart
