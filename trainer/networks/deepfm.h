// The base learner `deepfm` (Guo et al. 2017, equations 1 to 3): a factorisation machine and a multi-layer perceptron
// over the same vectors v_f of a row's fields, which are weighted sums of their ids' embeddings (all dense fields make
// one, by a linear map).
//
// The features that the head weighs are the sum over pairs of fields of v_f v_g, element by element, and the last
// hidden layer over all v_f in a row; the base score is the linear terms.

#pragma once

#include "trainer/networks/network.h"

namespace warmstart {

class DeepFm : public Network {
 public:
  explicit DeepFm(const NetworkParts& parts);

  RowVars forward(Pass& pass) const override;
  std::int64_t features() const override { return features_; }
  std::optional<std::int64_t> inputs() const override { return inputs_; }
  const char* score_bias() const override { return "linear.input.bias"; }

 private:
  std::int64_t features_, inputs_;
  FieldLayers fields_;
  LinearLayers linear_;
  std::vector<LayerId> tower_;
};

}  // namespace warmstart
