#pragma once

#include "trainer/adaptation/row_set.h"

namespace warmstart {

// A head read off the support rows as a set (Garnelo et al. 2018, conditional neural processes): it joins the one that
// is there.  The sum of what rows say to an output (RowSet), over sqrt(rows + kappa), goes through a linear layer,
// whose bias is what tasks without support rows get.  All outputs go through the same layer.
class SupportEncoder : public Stage {
 public:
  // `inputs` wide rows; `width` of the set.
  SupportEncoder(std::int64_t features, std::int64_t inputs, std::int64_t width, Initialiser& draw,
                 Parameters& parameters);

  std::vector<std::string> row_parts() const override { return {set_.row_part()}; }
  void apply(TaskState& state, const Support& support) const override;
  bool updates() const override { return true; }
  void update(TaskState& state, const Support& support) const override;

 private:
  RowSet set_;
};

}  // namespace warmstart
