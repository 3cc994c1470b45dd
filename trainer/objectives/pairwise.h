#pragma once

#include "trainer/objectives/objective.h"

namespace warmstart {

// Which of two rows comes first: over the pairs of a task's rows i and j with label_i > label_j, the mean of log(1 +
// e^-(x_i - x_j)) (RankNet, Burges et al. 2005; of labels 0 and 1 that of BPR, Rendle et al. 2009).  0 for a task whose
// labels are all the same.  The inner loss is that times the task's rows, as the sum over rows is of other objectives.
class Pairwise : public Objective {
 public:
  at::Tensor inner_gradient(const at::Tensor& outputs, const RowTensors& labels) const override;
  at::Tensor losses(const at::Tensor& outputs, const RowTensors& labels) const override;
  at::Tensor predicted(const at::Tensor& outputs) const override;
  std::optional<double> start(double) const override { return 0.0; }
};

}  // namespace warmstart
