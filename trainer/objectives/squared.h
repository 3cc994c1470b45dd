#pragma once

#include "trainer/objectives/objective.h"

namespace warmstart {

// The squared error e^2; in the outer loss with `absolute` times the smooth absolute error sqrt(e^2 + 0.01) beside it.
// The inner loss is e^2 / 2.
class Squared : public Objective {
 public:
  explicit Squared(double absolute) : absolute_(absolute) {}

  at::Tensor inner_gradient(const at::Tensor& outputs, const RowTensors& labels) const override;
  at::Tensor inner_curvature(const at::Tensor& outputs, const RowTensors& labels) const override;
  bool has_normal_noise() const override { return true; }
  at::Tensor losses(const at::Tensor& outputs, const RowTensors& labels) const override;
  at::Tensor predicted(const at::Tensor& outputs) const override;

 private:
  double absolute_;
};

}  // namespace warmstart
