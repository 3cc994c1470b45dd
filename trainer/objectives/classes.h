#pragma once

#include "trainer/objectives/objective.h"

namespace warmstart {

// Which of some classes a row is of: the cross-entropy of the softmax of an output for each class.  The curvature is
// the same everywhere, 1/2, a bound from above for all outputs together (Boehning 1992), so that one inverse serves all
// of Newton's steps, which never go up.
class Classes : public Objective {
 public:
  explicit Classes(std::int64_t classes) : classes_(classes) {}

  std::int64_t outputs() const override { return classes_; }
  at::Tensor inner_gradient(const at::Tensor& outputs, const RowTensors& labels) const override;
  at::Tensor inner_curvature(const at::Tensor& outputs, const RowTensors& labels) const override;
  bool has_constant_curvature() const override { return true; }
  int newton_steps() const override { return 8; }
  at::Tensor losses(const at::Tensor& outputs, const RowTensors& labels) const override;
  at::Tensor predicted(const at::Tensor& outputs) const override;
  std::optional<double> start(double mean_label) const override;
  std::string labels() const override;
  bool takes(float label) const override;

 private:
  at::Tensor of_labels(const RowTensors& labels) const;  // 1 at the label, else 0: [T, R, C]

  std::int64_t classes_;
};

}  // namespace warmstart
