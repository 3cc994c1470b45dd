#pragma once

#include <string>

#include "trainer/adaptation/stage.h"
#include "trainer/layers/initialiser.h"

namespace warmstart {

// Minus the inner loss's gradient at the support rows' base scores, which are every output's: [T, S, C].
at::Tensor base_residuals(const Encoding& encoding, const Support& support);

// What support rows say as a set: of rows with inputs x and residuals r = base_residuals(), [A x; tanh(R x + r C x)],
// which is to be summed over rows.  It is said to each output by its own residual and by the same maps, so that where
// classes change places, what is said to them does, too.
class RowSet {
 public:
  // Its parameters are the row part `name`.  `inputs` wide x; `width`: of A x and of R x.
  RowSet(std::string name, std::int64_t inputs, std::int64_t width, Initialiser& draw, Parameters& parameters);

  const std::string& row_part() const { return name_; }

  // [T, S, C, 2 width], 0 where padded.
  at::Tensor of_rows(const TaskState& state, const Support& support) const;

 private:
  std::string name_;
  std::int64_t width_;
};

}  // namespace warmstart
