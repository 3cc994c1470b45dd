#include "trainer/learner/learner.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>

#include "trainer/adaptation/make_stages.h"
#include "trainer/learner/memory_estimate.h"
#include "trainer/networks/make_network.h"

namespace warmstart {
namespace {

const ModelOptions& checked(const ModelOptions& options) {
  check(options);
  return options;
}

// Without the stage `steps` there are none.
InnerOptions inner_options(const AdaptOptions& options) {
  auto inner = options.inner;
  if (std::find(options.stages.begin(), options.stages.end(), StageKind::kSteps) == options.stages.end())
    inner.steps = 0;
  return inner;
}

}  // namespace

Learner::Learner(const Schema& schema, const ModelOptions& options, std::uint64_t seed)
    : schema_(schema),
      options_(checked(options)),
      tables_(parameters_),
      rule_(inner_options(options.adapt), parameters_),
      layers_(parameters_, tables_, rule_),
      objective_(make_objective(options.objective)) {
  const auto layout = feature_layout(schema);
  Initialiser draw(seed);
  network_ = make_network({options_.network, layout, draw, layers_, parameters_});
  stages_ =
      make_stages({options_.adapt, layout, objective_->outputs(), network_->features(), rule_, draw, parameters_});
  rule_.add_head(network_->features());
  layers_.add_rates();
  require_model_memory(options_, parameters_.count());
  parameters_.flatten(at::kFloat);
}

std::optional<Encoding> Learner::shared_encoding(const Rows& distinct, const AdaptedLayers& layers) const {
  if (layers_.any_adapts()) return std::nullopt;
  return encode(*network_, distinct, layers);
}

at::Tensor Learner::outputs(const TensorBatch& batch, const Dropout* dropout, Precision precision) const {
  const Rows distinct(batch, dropout);
  TaskState state = {{}, AdaptedLayers(layers_, batch.support.place.size(1), batch.query.place.size(1), precision)};
  const auto shared = shared_encoding(distinct, state.layers);
  const auto rows = [&](const RowTensors& of) {
    return RowEncoder(*network_, distinct.placed(of.place, batch.support.place), shared);
  };
  const auto support_rows = rows(batch.support);
  const auto row_counts = batch.support.mask.sum(1, true);
  const Support support = {support_rows, batch.support, row_counts, batch.descriptions, dropout, *objective_};
  for (const auto& stage : stages_) stage->apply(state, support);
  const auto query_rows = rows(batch.query);
  const auto query = query_rows.encode(state.layers);
  return state.head.outputs(query.features(), query.base());
}

at::Tensor Learner::losses(const TensorBatch& batch, const Dropout* dropout, Precision precision) const {
  return objective_->losses(outputs(batch, dropout, precision), batch.query);
}

at::Tensor Learner::predict(const EpisodeBatch& batch) const {
  const c10::NoGradGuard no_grad;
  const TensorBatch tensors(batch, parameters_.flat().options());
  const auto predicted = objective_->predicted(outputs(tensors, nullptr));
  return predicted.clamp(schema_.label_min, schema_.label_max).to(at::kCPU, at::kFloat);
}

}  // namespace warmstart
