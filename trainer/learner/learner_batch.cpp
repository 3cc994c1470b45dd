#include "trainer/learner/learner_batch.h"

#include <ATen/ATen.h>

#include "trainer/adaptation/contrast.h"
#include "trainer/arithmetic/student_t.h"

namespace warmstart {

Learner::Batch::Batch(const Learner& learner, const BatchParameters& parameters, const TensorBatch& tensors,
                      const Dropout* dropout, Precision precision, const Encoding* rows, bool noise)
    : learner_(learner),
      dropout_(dropout),
      noise_(noise),
      support_labels_(tensors.support),
      descriptions_(tensors.descriptions),
      unadapted_(learner.layers_, parameters, tensors.support.place.size(1), tensors.query.place.size(1), precision) {
  const Rows distinct(tensors, dropout);
  if (rows)
    shared_ = *rows;
  else if (learner.encodes_rows_once())
    shared_ = learner.encode(distinct, unadapted_, learner.row_parts_, nullptr, noise_);
  const auto placed = [&](const RowTensors& rows) { return distinct.placed(rows.place, tensors.support.place); };
  take(placed(tensors.support), placed(tensors.query));
}

Learner::Batch::Batch(const Learner& learner, const BatchParameters& parameters, const Request& request)
    : learner_(learner),
      dropout_(nullptr),
      support_labels_(request.support_labels),
      descriptions_(request.descriptions),
      unadapted_(learner.layers_, parameters, 0, 0, Precision::kFloat32) {
  std::optional<Rows> support, query;
  if (request.support.ids.padded.defined()) support.emplace(request.support);
  if (request.query.ids.padded.defined()) query.emplace(request.query, support ? &*support : nullptr);
  take(std::move(support), std::move(query));
}

TaskState Learner::Batch::started() const {
  auto state = unadapted();
  apply(state, std::span(learner_.stages_).first(1), {});
  return state;
}

TaskState Learner::Batch::adapted(Wanted wanted) const {
  auto state = unadapted();
  wanted.noise &= noise_;
  if (wanted.shares) state.shares = no_shares();
  apply(state, learner_.stages_, wanted);
  return state;
}

void Learner::Batch::update(TaskState& state, const at::Tensor& row_counts) const {
  const Support support = {*support_, support_labels_, row_counts, descriptions_, dropout_, *learner_.objective_, {}};
  for (const auto& stage : learner_.stages_) stage->update(state, support);
}

at::Tensor Learner::Batch::unadapted_outputs(const TaskState& state) const {
  const bool looks = learner_.network_->reads_history();
  const auto layers = unadapted_layers(state);
  const auto query =
      (looks ? encoder(*query_rows_, at::zeros_like(attended()), learner_.query_parts_) : *query_).encode(layers);
  return state.unadapted_head.outputs(query.features(), query.base());
}

Learner::Reasons Learner::Batch::reasons(const TaskState& state) const {
  const auto prior = unadapted_outputs(state).squeeze(2), shares = this->shares(state);
  return {prior, shares, outputs(state).squeeze(2) - prior - shares.sum(2)};
}

at::Tensor Learner::Batch::query_losses(const TaskState& state, const RowTensors& query) const {
  const auto& objective = *learner_.objective_;
  if (state.readout == ReadoutKind::kSiamese) {
    const auto& contrast = learner_.options_.adapt.contrast;
    return objective.losses(outputs(state), query) +
           contrast.weight * contrastive_losses(contrast, state.distances_of(*query_), query, support_labels_);
  }
  if (!state.noise) return objective.losses(outputs(state), query);
  const auto found = predictive(state);
  const auto errors = found.outputs.squeeze(2) - query.label;
  const auto unlikely = student_t_losses(errors, found.squared_scales.squeeze(2), found.freedom.squeeze(2));
  return objective.losses(found.outputs, query) +
         learner_.options_.adapt.likelihood * mean_over_rows(unlikely, query.mask);
}

void Learner::Batch::take(std::optional<Rows> support, std::optional<Rows> query) {
  support_rows_ = std::move(support);
  query_rows_ = std::move(query);
  // Where nobody looks, pairs of support rows may be too many for the memory.
  const bool looks = learner_.network_->reads_history();
  if (support_rows_)
    support_.emplace(encoder(*support_rows_, looks ? attended_by_others() : at::Tensor(), learner_.row_parts_));
  if (query_rows_) query_.emplace(encoder(*query_rows_, looks ? attended() : at::Tensor(), learner_.query_parts_));
}

at::Tensor Learner::Batch::attended_by_others() const {
  const auto place = at::ones_like(support_labels_.mask).cumsum(1);
  return attended() * (1.0 - place.unsqueeze(2).eq(place.unsqueeze(1)).to(place.scalar_type()));
}

RowEncoder Learner::Batch::encoder(const Rows& rows, const at::Tensor& may_attend,
                                   const std::vector<std::string>& parts) const {
  if (shared_) return {*shared_, rows};
  std::optional<History> history;
  if (learner_.network_->reads_history()) history = {*support_rows_, may_attend};
  if (learner_.layers_.any_adapts() || learner_.options_.adapt.modulation) return {*learner_.network_, rows, history};
  return RowEncoder(learner_.encode(rows, unadapted_, parts, history ? &*history : nullptr, noise_));
}

void Learner::Batch::apply(TaskState& state, std::span<const std::unique_ptr<Stage>> stages, Wanted wanted) const {
  const auto row_counts = support_labels_.mask.sum(1, true);
  const Support support = {*support_, support_labels_,      row_counts, descriptions_,
                           dropout_,  *learner_.objective_, wanted};
  for (const auto& stage : stages) stage->apply(state, support);
}

Head Learner::Batch::no_shares() const {
  const auto zeros = at::zeros_like(support_labels_.mask).unsqueeze(2);
  return {zeros.expand({-1, -1, learner_.network_->features()}), zeros};
}

AdaptedLayers Learner::Batch::unadapted_layers(const TaskState& state) const {
  auto layers = unadapted_;
  if (state.unadapted_modulation.defined()) layers.modulate(state.unadapted_modulation);
  return layers;
}

at::Tensor Learner::Batch::shares(TaskState state) const {
  state.layers = unadapted_layers(state);
  return state.shares_of(*query_);
}

}  // namespace warmstart
