#pragma once

#include <optional>
#include <span>

#include "trainer/learner/learner.h"

namespace warmstart {

// Tasks on their way through a model's network and stages.  What it is made of outlives it.
class Learner::Batch {
 public:
  // `rows` as for Learner::losses; without `noise` nobody may ask for predictive().
  Batch(const Learner& learner, const BatchParameters& parameters, const TensorBatch& tensors, const Dropout* dropout,
        Precision precision, const Encoding* rows = nullptr, bool noise = true);
  Batch(const Learner& learner, const BatchParameters& parameters, const Request& request);

  TaskState unadapted() const { return learner_.unadapted(unadapted_); }
  TaskState started() const;  // by the first stage alone, which does not look at the support
  TaskState adapted(Wanted wanted = {}) const;

  // With the support rows as new ones; `row_counts` of all.
  void update(TaskState& state, const at::Tensor& row_counts) const;

  const RowEncoder& query() const { return *query_; }

  // Of the query rows.
  at::Tensor outputs(const TaskState& state) const { return state.outputs(*query_); }
  at::Tensor unadapted_outputs(const TaskState& state) const;  // of tasks without support rows
  Predictive predictive(const TaskState& state) const { return state.predictive(*query_); }
  Reasons reasons(const TaskState& state) const;

  // With the shares of the likelihood and of the contrast between rows: [T].
  at::Tensor query_losses(const TaskState& state, const RowTensors& query) const;

 private:
  void take(std::optional<Rows> support, std::optional<Rows> query);

  // Which support rows query rows may look at, [T, 1, S], and which support rows may, not themselves: [T, S, S].
  at::Tensor attended() const { return support_labels_.mask.unsqueeze(1); }
  at::Tensor attended_by_others() const;
  RowEncoder encoder(const Rows& rows, const at::Tensor& may_attend, const std::vector<std::string>& parts) const;

  void apply(TaskState& state, std::span<const std::unique_ptr<Stage>> stages, Wanted wanted) const;
  Head no_shares() const;
  AdaptedLayers unadapted_layers(const TaskState& state) const;  // of tasks without support rows
  at::Tensor shares(TaskState state) const;                      // of the features before any layer adapts

  const Learner& learner_;
  const Dropout* dropout_;
  bool noise_ = true;
  const RowTensors& support_labels_;
  const FeatureTensors& descriptions_;
  AdaptedLayers unadapted_;
  std::optional<Encoding> shared_;  // of the batch's distinct rows, where encodes_rows_once()
  std::optional<Rows> support_rows_, query_rows_;
  std::optional<RowEncoder> support_, query_;
};

}  // namespace warmstart
