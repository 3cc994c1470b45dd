#include "trainer/networks/mlp.h"

#include <ATen/ATen.h>

namespace warmstart {

Mlp::Mlp(const NetworkParts& parts)
    : features_(tower_width(parts.options, parts.options.embedding)),
      inputs_(parts.options.embedding),
      fields_(add_fields(parts)),
      tower_(add_tower(parts, parts.options.embedding)),
      output_(parts.layers.add_linear("output", features_, 1, parts.draw.uniform({1, features_}, features_, 0.1),
                                      Initialiser::zeros({1}))) {}

RowVars Mlp::forward(Pass& pass) const {
  const auto key_bias = pass.key(fields_.key_bias);
  const auto x = pass.drop(pass.fields(fields_.embedding, fields_.dense));
  const auto hidden = through_tower(pass, tower_, x);
  return {hidden, pass.linear(output_, hidden, {.start = key_bias}), x};
}

}  // namespace warmstart
