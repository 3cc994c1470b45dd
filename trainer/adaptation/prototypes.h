#pragma once

#include "trainer/adaptation/stage.h"
#include "trainer/layers/initialiser.h"

namespace warmstart {

// Prototypical networks (Snell et al. 2017): a class is the mean of its support rows' features, and a row is scored by
// its squared distances to the means, which is a linear head; the row's own length is the same for all classes:
//
//   -|h - c|^2 = 2 c h - |c|^2 - |h|^2
//
// Of two classes with one output, the log-odds are the difference of both.  Each class's mean has `kappa` rows of a
// learned prototype in it, so that a class without rows has one, too.  The head joins the one that is there.
class Prototypes : public Stage {
 public:
  // `outputs`: 1 for two classes, else one for each.
  Prototypes(std::int64_t features, std::int64_t outputs, Initialiser& draw, Parameters& parameters);

  void apply(TaskState& state, const Support& support) const override;

 private:
  at::Tensor members(const RowTensors& labels) const;

  std::int64_t outputs_;
};

}  // namespace warmstart
