// The base learner `mlp`: a multi-layer perceptron over a row's fields (the deep part of He et al. 2017, with the
// user's side left to adaptation).  The last hidden layer is what the head weighs.

#pragma once

#include "trainer/networks/network.h"

namespace warmstart {

class Mlp : public Network {
 public:
  explicit Mlp(const NetworkParts& parts);

  RowVars forward(Pass& pass) const override;
  std::int64_t features() const override { return features_; }
  std::optional<std::int64_t> inputs() const override { return inputs_; }
  const char* score_bias() const override { return "output.bias"; }

 private:
  std::int64_t features_, inputs_;
  FieldLayers fields_;
  std::vector<LayerId> tower_;
  LayerId output_;
};

}  // namespace warmstart
