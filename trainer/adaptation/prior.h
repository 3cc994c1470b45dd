#pragma once

#include "data/batch.h"
#include "trainer/adaptation/stage.h"
#include "trainer/layers/initialiser.h"

namespace warmstart {

// A small network over the task's own fields writes its head before it has seen any row.
class Prior : public Stage {
 public:
  // A head of `outputs` rows of `features` weights and a bias; `width` of the hidden layer.
  Prior(const FeatureLayout& layout, std::int64_t width, std::int64_t outputs, std::int64_t features, Initialiser& draw,
        Parameters& parameters, EmbeddingSource& tables);

  void apply(TaskState& state, const Support& support) const override;
  bool updates() const override { return true; }
  void update(TaskState& state, const Support& support) const override;

 private:
  at::Tensor hidden(const BatchParameters& parameters, const Support& support) const;

  std::int64_t width_, outputs_, features_;
};

}  // namespace warmstart
