#pragma once

#include "trainer/adaptation/stage.h"
#include "trainer/layers/initialiser.h"

namespace warmstart {

// Regression by a kernel on the support's residuals e (a Gaussian process; Patacchiola et al. 2020, deep kernel
// transfer): that of `ridge`, which is linear in the features, and a Gaussian one of points that are linear in the
// rows' inputs:
//
//   k(i, j) = h_i' Lambda^-1 h_j + s exp(-|f_i - f_j|^2 / 2),   weights = (K + V)^-1 e
//
// where V has the rows' noise (noise.h) on its diagonal, or 1.  The linear part joins the head, the Gaussian one stays
// as a memory of the support rows.  Several outputs have weights each and the kernel in common.  For an objective that
// is not quadratic, a few of Newton's steps have the same form with W^-1 for V, W the rows' weights (Rasmussen and
// Williams 2006, section 3.4).  Without row i, its output would be base_i + r_i - ((C r)_i - M_i' (C H)_i) / C_ii, C =
// (K + V)^-1, r = label - base.
class Kernel : public Stage {
 public:
  // `width`: of the points; `inputs`: of what they are made of; `row_noise`: whether V has the rows' noise, which is
  // among the parameters then.
  Kernel(std::int64_t features, std::int64_t inputs, std::int64_t width, bool row_noise, Initialiser& draw,
         Parameters& parameters);

  std::vector<std::string> row_parts() const override { return {kKernelPoints}; }
  std::vector<std::string> query_parts() const override { return {kKernelPoints}; }
  bool leaves_out() const override { return true; }
  void apply(TaskState& state, const Support& support) const override;

  // By bordering C, a row and a column for each new row.  For an objective with one of Newton's steps.
  bool updates() const override { return true; }
  void update(TaskState& state, const Support& support) const override;

 private:
  bool row_noise_;
};

}  // namespace warmstart
