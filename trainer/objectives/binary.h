#pragma once

#include "trainer/objectives/objective.h"

namespace warmstart {

// Whether something happens: the binary cross-entropy of labels 0 and 1, with outputs as log-odds.
class Binary : public Objective {
 public:
  at::Tensor inner_gradient(const at::Tensor& outputs, const RowTensors& labels) const override;
  at::Tensor inner_curvature(const at::Tensor& outputs, const RowTensors& labels) const override;
  int newton_steps() const override { return 4; }
  at::Tensor losses(const at::Tensor& outputs, const RowTensors& labels) const override;
  at::Tensor predicted(const at::Tensor& outputs) const override;
  std::optional<double> start(double mean_label) const override;
  std::string labels() const override { return "0 and 1"; }
  bool takes(float label) const override { return label == 0 || label == 1; }
};

}  // namespace warmstart
