#pragma once

#include "trainer/objectives/objective.h"

namespace warmstart {

// Numbers among which some are far off: of an error e, w^2 (sqrt(1 + (e / w)^2) - 1), inside and outside, which is e^2
// / 2 near 0 and w |e| far away (Charbonnier et al. 1994).  The curvature is the gradient over the error, 1 / sqrt(1 +
// (e / w)^2), so that Newton's steps are iteratively reweighted least squares, which never go up.
class Huber : public Objective {
 public:
  explicit Huber(double width) : width_(width) {}

  at::Tensor inner_gradient(const at::Tensor& outputs, const RowTensors& labels) const override;
  at::Tensor inner_curvature(const at::Tensor& outputs, const RowTensors& labels) const override;
  int newton_steps() const override { return 3; }
  at::Tensor losses(const at::Tensor& outputs, const RowTensors& labels) const override;
  at::Tensor predicted(const at::Tensor& outputs) const override;

 private:
  at::Tensor stretch(const at::Tensor& errors) const;  // sqrt(1 + (e / w)^2)

  double width_;
};

}  // namespace warmstart
