#pragma once

#include "trainer/adaptation/stage.h"
#include "trainer/layers/initialiser.h"

namespace warmstart {

// A head read off the support rows as a set (Garnelo et al. 2018, conditional neural processes): it joins the one that
// is there.  Of rows with inputs x and residuals r = minus the inner loss's gradient at their base scores,
//
//   [sum A x; sum tanh(R x + r C x)] / sqrt(rows + kappa)
//
// goes through a linear layer, whose bias is what tasks without support rows get.
class SupportEncoder : public Stage {
 public:
  // `inputs` wide x; `width`: of A x and of R x.
  SupportEncoder(std::int64_t features, std::int64_t inputs, std::int64_t width, Initialiser& draw,
                 Parameters& parameters);

  std::vector<std::string> row_parts() const override;
  void apply(TaskState& state, const Support& support) const override;
  bool updates() const override { return true; }
  void update(TaskState& state, const Support& support) const override;

 private:
  at::Tensor of_rows(const TaskState& state, const Support& support) const;

  std::int64_t width_;
};

}  // namespace warmstart
