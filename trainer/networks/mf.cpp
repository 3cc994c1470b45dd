#include "trainer/networks/mf.h"

#include <ATen/ATen.h>

namespace warmstart {

Mf::Mf(const NetworkParts& parts)
    : features_(parts.options.features),
      factors_(parts.layers.add_embedding({"factors", ParameterGroup::kEmbedding, IdsOf::kKeys, parts.layout.keys,
                                           features_, parts.draw.normal_table(parts.layout.keys, features_, 0.05)})),
      key_bias_(add_key_bias(parts)) {
  parts.parameters.add("mean", ParameterGroup::kNetwork, {1}, Initialiser::zeros({1}));
}

RowVars Mf::forward(Pass& pass) const {
  const auto key_bias = pass.key(key_bias_);
  return {pass.drop(pass.key(factors_)), pass.add(key_bias, pass.parameter("mean"))};
}

}  // namespace warmstart
