#include "trainer/networks/two_tower.h"

#include <ATen/ATen.h>

namespace warmstart {

TwoTower::TwoTower(const NetworkParts& parts)
    : features_(parts.options.features),
      inputs_(parts.options.embedding),
      fields_(add_fields(parts)),
      tower_(add_tower(parts, parts.options.embedding)) {
  const auto outputs = features_ + 1, width = tower_width(parts.options, parts.options.embedding),
             embedding = parts.options.embedding;
  output_ = parts.layers.add_linear("output", width, outputs,
                                    with_small_last_row(parts.draw.uniform({outputs, width}, width)),
                                    Initialiser::zeros({outputs}));
  skip_ = parts.layers.add_linear("skip", embedding, outputs,
                                  with_small_last_row(parts.draw.uniform({outputs, embedding}, embedding)));
}

RowVars TwoTower::forward(Pass& pass) const {
  const auto key_bias = pass.key(fields_.key_bias);
  const auto x = pass.drop(pass.fields(fields_.embedding, fields_.dense));
  const auto hidden = through_tower(pass, tower_, x);
  const auto output = pass.linear(output_, hidden, {.start = pass.linear(skip_, x)});
  return {pass.columns(output, 0, features_), pass.add(pass.columns(output, features_, 1), key_bias), x};
}

}  // namespace warmstart
