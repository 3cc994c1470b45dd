// The base learner `din` (Zhou et al. 2018, section 4.3): what a task's support says about a row depends on the row.
//
// A row's vector x (as in mlp) asks the vectors h_i of the task's support rows, by attention, for the part of them that
// is like it: interest = sum_i softmax_i(x A (h_i B)' / sqrt(width)) h_i.  A tower of linear layers over x, the
// interest and their product gives the row's features.  A support row does not look at itself, as no query row is among
// those that it looks at.  Unlike Zhou's, the activation is bilinear, which makes no tensor of all pairs of rows, and
// weights are normalised beside a row that says nothing, so that supports of any length go together.

#pragma once

#include "trainer/networks/network.h"

namespace warmstart {

class Din : public Network {
 public:
  explicit Din(const NetworkParts& parts);

  RowVars forward(Pass& pass) const override;
  std::int64_t features() const override { return features_; }
  std::optional<std::int64_t> inputs() const override { return inputs_; }
  bool reads_history() const override { return true; }
  const char* score_bias() const override { return "output.bias"; }

 private:
  std::int64_t features_, inputs_;
  FieldLayers fields_;
  LayerId asks_, answers_;  // A and B
  std::vector<LayerId> tower_;
  LayerId output_;
};

}  // namespace warmstart
