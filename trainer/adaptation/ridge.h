#pragma once

#include "trainer/adaptation/stage.h"
#include "trainer/layers/parameters.h"

namespace warmstart {

// The head in closed form: Bayesian linear regression on the support's residuals, with the head that is there as the
// prior's mean and learned precisions Lambda (Harrison et al. 2018, ALPaCA; Bertinetto et al. 2019, R2-D2):
//
//   head = m + A^-1 H' W e,   A = H' W H + Lambda,   e = label - base - H m,   H = [features, 1]
//
// where W has the rows' weights on its diagonal: the inverse of their noise (noise.h), or 1.  For an objective that is
// not quadratic, a few of Newton's steps have the same form with weights of their own.
//
// Without row i, base_i + h_i' head would be (exactly, where there is one step; M_i is m without the row)
//
//   base_i + (h_i' A^-1 H' W r + M_i' Lambda A^-1 h_i - q_i r_i) / (1 - q_i),   q_i = w_i h_i' A^-1 h_i,   r = label -
//   base
//
// In units of the noise's variance, the head's covariance is A^-1; row i has added A^-1 h_i w_i e_i to the head.
class Ridge : public Stage {
 public:
  // `row_noise`: whether rows weigh the inverse of their noise, which is among the parameters then.
  Ridge(std::int64_t features, bool row_noise, Parameters& parameters);

  bool leaves_out() const override { return true; }
  void apply(TaskState& state, const Support& support) const override;

  // By rank-one changes of A^-1 (Sherman and Morrison 1950), one for each new row, with H' W r and r' W r as sums:
  // head = A^-1 (H' W r + Lambda m), and what is left unexplained is r' W r + m' Lambda m - head' A head.  For an
  // objective with one of Newton's steps.
  bool updates() const override { return true; }
  void update(TaskState& state, const Support& support) const override;

 private:
  bool row_noise_;
};

}  // namespace warmstart
