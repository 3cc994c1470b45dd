#pragma once

#include "trainer/objectives/objective.h"

namespace warmstart {

// How often something happens: half the Poisson deviance of counts, with outputs as the logarithms of their expected
// values, e^x - y x + y log y - y.
class Poisson : public Objective {
 public:
  at::Tensor inner_gradient(const at::Tensor& outputs, const RowTensors& labels) const override;
  at::Tensor inner_curvature(const at::Tensor& outputs, const RowTensors& labels) const override;
  int newton_steps() const override { return 6; }
  at::Tensor losses(const at::Tensor& outputs, const RowTensors& labels) const override;
  at::Tensor predicted(const at::Tensor& outputs) const override;
  std::optional<double> start(double mean_label) const override;
  std::string labels() const override { return "whole numbers from 0"; }
  bool takes(float label) const override;
};

}  // namespace warmstart
