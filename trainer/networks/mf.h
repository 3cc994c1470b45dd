// The base learner `mf`: matrix factorisation (Koren et al. 2009).  A key's factors and bias are all that is known of a
// row; the task's factors are the head.

#pragma once

#include "trainer/networks/network.h"

namespace warmstart {

class Mf : public Network {
 public:
  explicit Mf(const NetworkParts& parts);

  RowVars forward(Pass& pass) const override;
  std::int64_t features() const override { return features_; }
  const char* score_bias() const override { return "mean"; }

 private:
  std::int64_t features_;
  LayerId factors_, key_bias_;
};

}  // namespace warmstart
