#pragma once

#include "trainer/adaptation/stage.h"

namespace warmstart {

// What readouts other than the linear one come to: behind all stages, a task keeps its support rows, each with minus
// the inner loss's gradient at the head's output, times a learned factor, as its value: with model.objective = squared
// that is its residual.
//
// `matching` is attention over the support rows by the cosines of features (Vinyals et al. 2016, equations 1 and 2):
// the labels' weighted mean, taken of what the head leaves of them.  `siamese` weighs them by distances of features
// (Koch et al. 2015), which a loss of pairs of rows teaches beside the query's (contrastive_losses()).
class SupportReadout : public Stage {
 public:
  SupportReadout(ReadoutKind readout, Parameters& parameters);

  void apply(TaskState& state, const Support& support) const override;

 private:
  ReadoutKind readout_;
};

}  // namespace warmstart
