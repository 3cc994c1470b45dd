// The base learner `two-tower`.
//
// A row's fields make a vector x: the sum of its ids' embeddings and a linear map of its
// dense fields.  A tower of linear layers over x, with a skip past it, gives the row's
// features h and bias b_row.  The task's own fields make, through a small network, its
// prior: the head (w, b) before it has seen any row.  A row scores
//
//   score = h . w + b_row + key_bias[key] + b
//
// and the head, and as the scope says the tower and the embeddings, adapt to the support
// rows by inner steps (adaptation.h).

#pragma once

#include <string>
#include <vector>

#include "data/schema.h"
#include "trainer/evaluation/recommender.h"
#include "trainer/layers/adapted_linear.h"
#include "trainer/layers/dropout.h"
#include "trainer/layers/parameters.h"
#include "trainer/learner/model_options.h"
#include "trainer/learner/tensor_batch.h"

namespace warmstart {

// Thread-safe for reading.
class TwoTower : public Recommender {
 public:
  // Fresh parameters drawn from `seed`.  Throws UsageError when they do not fit the host's memory.
  TwoTower(const Schema& schema, const ModelOptions& options, std::uint64_t seed);

  // The starting point of scores: every row's, and (size: the keys' ids, or undefined) each key's.
  void start_from(double score, const at::Tensor& key_bias);

  const ModelOptions& options() const { return options_; }
  const Schema& schema() const { return schema_; }
  Parameters& parameters() { return parameters_; }
  const Parameters& parameters() const { return parameters_; }

  // Adapts to each task's support rows and scores its query rows: [T, Q], differentiable.
  // `dropout` is null outside of training.
  at::Tensor scores(const TensorBatch& batch, const Dropout* dropout, Precision precision = Precision::kFloat32) const;

  // Each task's mean outer loss over its query rows: [T].
  at::Tensor losses(const TensorBatch& batch, const Dropout* dropout, Precision precision = Precision::kFloat32) const;

  // How each linear layer adapts in a batch of so many support and query rows a task.
  std::vector<LayerPlan> plan(std::int64_t support, std::int64_t query) const;

  // Scores on the scale of the label, within its range.
  at::Tensor predict(const EpisodeBatch& batch) const override;

 private:
  struct Rows;
  struct State;
  Rows distinct_rows(const TensorBatch& batch, const Dropout* dropout) const;
  std::pair<at::Tensor, at::Tensor> prior(const TensorBatch& batch, const Dropout* dropout) const;
  State start(std::int64_t support, std::int64_t query, Precision precision) const;
  Activation hidden_activation(const Rows& rows, std::size_t layer) const;
  at::Tensor tower(const Rows& rows, State& state) const;
  void remember(const Rows& rows, State& state, const at::Tensor& d, const at::Tensor& e, const at::Tensor& scale,
                int step) const;
  at::Tensor score(const Rows& rows, const at::Tensor& output, const State& state) const;
  void step(const Rows& support, const RowTensors& labels, State& state, int step) const;
  void adapt(const Rows& support, const TensorBatch& batch, const Dropout* dropout, State& state) const;
  at::Tensor residual(const at::Tensor& scores, const RowTensors& rows) const;
  Rows gather(const Rows& distinct, const at::Tensor& place, const at::Tensor& support_place) const;
  bool wide() const { return options_.inner.steps > 0 && options_.inner.scope != Scope::kHead; }
  std::string layer_name(std::size_t layer) const { return "tower." + std::to_string(layer); }
  at::Tensor linear(const at::Tensor& x, const std::string& layer) const;

  Schema schema_;
  ModelOptions options_;
  Parameters parameters_;
  InnerRule rule_;
};

}  // namespace warmstart
