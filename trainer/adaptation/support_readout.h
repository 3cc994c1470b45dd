#pragma once

#include <optional>

#include "trainer/adaptation/full_context.h"
#include "trainer/adaptation/stage.h"

namespace warmstart {

// What readouts other than the linear one come to: behind all stages, a task keeps its support rows, each with minus
// the inner loss's gradient at the head's output, times a learned factor, as its value: with model.objective = squared
// that is its residual.
//
// `matching` is attention over the support rows by the cosines of features (Vinyals et al. 2016, equations 1 and 2):
// the labels' weighted mean, taken of what the head leaves of them.  `siamese` weighs them by distances of features
// (Koch et al. 2015), which a loss of pairs of rows teaches beside the query's (contrastive_losses()).  In full context
// rows are compared by their embeddings instead of their features.
class SupportReadout : public Stage {
 public:
  // `context` is empty where rows are compared by their features.
  explicit SupportReadout(ReadoutKind readout, Parameters& parameters, std::optional<FullContext> context = {});

  bool reads_order() const override { return context_.has_value(); }
  void apply(TaskState& state, const Support& support) const override;

 private:
  ReadoutKind readout_;
  std::optional<FullContext> context_;
};

}  // namespace warmstart
