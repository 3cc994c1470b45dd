#pragma once

#include "trainer/adaptation/description.h"

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
  Description description_;
  std::int64_t outputs_, features_;
};

}  // namespace warmstart
