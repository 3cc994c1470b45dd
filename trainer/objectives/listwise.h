#pragma once

#include "trainer/objectives/objective.h"

namespace warmstart {

// Which of a task's rows comes first (ListNet's top-one probabilities, Cao et al. 2007): the cross-entropy between the
// softmax of its rows' labels, divided by `temperature`, and that of their outputs.  At a temperature near 0 it is the
// uniform distribution over the rows of the highest label.  The inner loss is that times the task's rows, as the sum
// over rows is of other objectives.
class Listwise : public Objective {
 public:
  explicit Listwise(double temperature) : temperature_(temperature) {}

  at::Tensor inner_gradient(const at::Tensor& outputs, const RowTensors& labels) const override;
  at::Tensor losses(const at::Tensor& outputs, const RowTensors& labels) const override;
  at::Tensor predicted(const at::Tensor& outputs) const override;
  std::optional<double> start(double) const override { return 0.0; }

 private:
  at::Tensor wanted(const RowTensors& labels) const;  // [T, R]

  double temperature_;
};

}  // namespace warmstart
