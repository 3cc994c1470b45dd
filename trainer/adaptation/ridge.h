#pragma once

#include "trainer/adaptation/stage.h"
#include "trainer/layers/initialiser.h"

namespace warmstart {

// The head in closed form: Bayesian linear regression on the support's residuals, with the head that is there as the
// prior's mean and learned precisions Lambda (Harrison et al. 2018, ALPaCA; Bertinetto et al. 2019, R2-D2):
//
//   head = m + A^-1 H' e,   A = H' H + Lambda,   e = label - base - H m,   H = [features, 1]
//
// For an objective that is not quadratic, a few of Newton's steps have the same form with weighted rows.
//
// Without row i, base_i + h_i' head would be (exactly, where there is one step; M_i is m without the row)
//
//   base_i + (h_i' A^-1 H' r + M_i' Lambda A^-1 h_i - q_i r_i) / (1 - q_i),   q_i = h_i' A^-1 h_i,   r = label - base
class Ridge : public Stage {
 public:
  Ridge(std::int64_t features, Parameters& parameters);

  bool leaves_out() const override { return true; }
  void apply(TaskState& state, const Support& support) const override;
};

// Learned precisions of a head's values: where they start, and how they are kept above 0.001: [T, D + 1, 1].
void add_precisions(const std::string& name, std::int64_t features, Parameters& parameters);
at::Tensor precisions(const BatchParameters& parameters, const std::string& name, std::int64_t tasks);

}  // namespace warmstart
