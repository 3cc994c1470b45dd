#include "trainer/training/start_from_data.h"

#include <ATen/ATen.h>

#include <numeric>

#include "cluster/agreement.h"
#include "data/batch.h"
#include "data/unseen_entities.h"
#include "trainer/baselines/bias_model.h"

namespace warmstart {
namespace {

// Rows' worth of evidence that an entity's labels are like all others'.
constexpr double kShrinkage = 5.0;

// By the ids of keys; 0 of what is unknown.
at::Tensor by_key(const Dataset& dataset, const std::vector<double>& of_entities) {
  auto by_key = at::zeros({feature_layout(dataset.schema()).keys}, at::kFloat);
  for (std::size_t entity = 0; entity < of_entities.size(); ++entity) {
    const auto key = dataset.entity_fields()[0].ids(entity)[0];
    if (key != 0) by_key[key] = of_entities[entity];
  }
  return by_key;
}

void start_from_biases(Learner& model, const Dataset& dataset) {
  const BiasModel fit(TrainingRows(dataset), dataset.schema());
  model.start_from(fit.mean(), by_key(dataset, fit.entity_bias()));
}

// Each entity's labels are those of its rows and of as many negatives as it can expect.
void start_with_negatives(Learner& model, const Dataset& dataset, const EpisodeOptions& options) {
  const TrainingRows rows(dataset);
  const UnseenEntities all(dataset.training_rows(), options.negatives_power);
  const auto output = [&](double mean) { return model.objective().start(mean).value_or(mean); };
  const double count = static_cast<double>(rows.label.size()), drawn = count * static_cast<double>(options.negatives);
  const double mean = std::accumulate(rows.label.begin(), rows.label.end(), 0.0) / (count + drawn);
  std::vector<double> labels(static_cast<std::size_t>(rows.entities), kShrinkage * mean),
      counts(labels.size(), kShrinkage);
  for (std::size_t i = 0; i < rows.label.size(); ++i) {
    labels[static_cast<std::size_t>(rows.entity[i])] += rows.label[i];
    counts[static_cast<std::size_t>(rows.entity[i])] += 1.0;
  }
  std::vector<double> biases;
  for (std::size_t entity = 0; entity < labels.size(); ++entity)
    biases.push_back(output(labels[entity] / (counts[entity] + drawn * all.share(entity))) - output(mean));
  model.start_from(output(mean), by_key(dataset, biases));
}

}  // namespace

void start_from_data(Learner& model, const Dataset& dataset, const EpisodeOptions& options, Communicator& group) {
  agree(group, [&] {
    if (group.rank() != 0) return;
    if (options.negatives > 0) return start_with_negatives(model, dataset, options);
    if (const auto start = model.objective().start(dataset.label_mean()))
      model.start_from(*start, {});
    else
      start_from_biases(model, dataset);
  });
  group.broadcast(model.parameters().flat(), 0);
}

}  // namespace warmstart
