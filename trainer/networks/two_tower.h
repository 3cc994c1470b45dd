// The base learner `two-tower`.
//
// A row's fields make a vector x: the sum of its ids' embeddings and a linear map of its dense fields.  A tower of
// linear layers over x, with a skip past it, gives the row's features and a bias, which the key's own joins.

#pragma once

#include "trainer/networks/network.h"

namespace warmstart {

class TwoTower : public Network {
 public:
  explicit TwoTower(const NetworkParts& parts);

  RowVars forward(Pass& pass) const override;
  std::int64_t features() const override { return features_; }
  std::optional<std::int64_t> inputs() const override { return inputs_; }
  const char* score_bias() const override { return "output.bias"; }

 private:
  std::int64_t features_, inputs_;
  FieldLayers fields_;
  std::vector<LayerId> tower_;
  LayerId output_, skip_;
};

}  // namespace warmstart
