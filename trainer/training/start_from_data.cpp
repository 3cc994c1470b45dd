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

struct Start {
  double score;
  at::Tensor key_bias = {};  // by the ids of keys; undefined: 0
};

Start start_of_biases(const Dataset& dataset) {
  const BiasModel fit(TrainingRows(dataset), dataset.schema());
  return {fit.mean(), by_key(dataset, fit.entity_bias())};
}

// Each entity's labels are those of its rows and of as many negatives as it can expect.
Start start_with_negatives(const Learner& model, const Dataset& dataset, const EpisodeOptions& options) {
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
  return {output(mean), by_key(dataset, biases)};
}

Start start_of(const Learner& model, const Dataset& dataset, const EpisodeOptions& options) {
  if (options.negatives > 0) return start_with_negatives(model, dataset, options);
  if (const auto start = model.objective().start(dataset.label_mean())) return {*start};
  return start_of_biases(dataset);
}

// Collective.  Where it is sharded.
void share_key_bias(Learner& model, at::Tensor key_bias, Communicator& group) {
  auto& tables = model.sharded_tables();
  if (!tables.contains(kKeyBias)) return;
  if (!key_bias.defined()) key_bias = at::zeros({tables[kKeyBias].ids}, at::kFloat);
  group.broadcast(key_bias, 0);
  tables.assign(kKeyBias, key_bias);
}

}  // namespace

void start_from_data(Learner& model, const Dataset& dataset, const EpisodeOptions& options, Communicator& group) {
  at::Tensor key_bias;
  agree(group, [&] {
    if (group.rank() != 0) return;
    const auto start = start_of(model, dataset, options);
    model.start_from(start.score, start.key_bias);
    key_bias = start.key_bias;
  });
  group.broadcast(model.parameters().flat(), 0);
  share_key_bias(model, key_bias, group);
}

}  // namespace warmstart
