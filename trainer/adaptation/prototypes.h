#pragma once

#include "trainer/adaptation/stage.h"
#include "trainer/layers/initialiser.h"

namespace warmstart {

// Prototypical networks (Snell et al. 2017): a class is the mean of its support rows' features, and a row's log-odds
// those of its squared distances to both, which is a linear head:
//
//   |h - c_0|^2 - |h - c_1|^2 = 2 (c_1 - c_0) h + |c_0|^2 - |c_1|^2
//
// Each class's mean has `kappa` rows of a learned prototype in it, so that a class without rows has one, too.  The head
// joins the one that is there.
class Prototypes : public Stage {
 public:
  Prototypes(std::int64_t features, Initialiser& draw, Parameters& parameters);

  void apply(TaskState& state, const Support& support) const override;
};

}  // namespace warmstart
