#include "trainer/training/start_from_data.h"

#include <ATen/ATen.h>

#include "cluster/agreement.h"
#include "data/batch.h"
#include "trainer/baselines/bias_model.h"

namespace warmstart {
namespace {

void start_from_biases(Learner& model, const Dataset& dataset) {
  const BiasModel fit(TrainingRows(dataset), dataset.schema());
  auto key_bias = at::zeros({feature_layout(dataset.schema()).keys}, at::kFloat);
  for (std::int64_t entity = 0; entity < dataset.entities(); ++entity) {
    const auto key = dataset.entity_fields()[0].ids(static_cast<std::size_t>(entity))[0];
    if (key != 0) key_bias[key] = fit.entity_bias()[static_cast<std::size_t>(entity)];
  }
  model.start_from(fit.mean(), key_bias);
}

}  // namespace

void start_from_data(Learner& model, const Dataset& dataset, Communicator& group) {
  agree(group, [&] {
    if (group.rank() != 0) return;
    if (const auto start = model.objective().start(dataset.label_mean()))
      model.start_from(*start, {});
    else
      start_from_biases(model, dataset);
  });
  group.broadcast(model.parameters().flat(), 0);
}

}  // namespace warmstart
