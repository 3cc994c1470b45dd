#include "trainer/networks/din.h"

namespace warmstart {
namespace {

LayerId add_attention(const NetworkParts& parts, const std::string& name) {
  const auto width = parts.options.embedding;
  return parts.layers.add_linear(name, width, width, parts.draw.uniform({width, width}, width));
}

}  // namespace

Din::Din(const NetworkParts& parts)
    : features_(tower_width(parts.options, 3 * parts.options.embedding)),
      inputs_(parts.options.embedding),
      fields_(add_fields(parts)),
      asks_(add_attention(parts, "attention.query")),
      answers_(add_attention(parts, "attention.key")),
      tower_(add_tower(parts, 3 * parts.options.embedding)),
      output_(parts.layers.add_linear("output", features_, 1, parts.draw.uniform({1, features_}, features_, 0.1),
                                      Initialiser::zeros({1}))) {}

RowVars Din::forward(Pass& pass) const {
  const auto key_bias = pass.key(fields_.key_bias);
  const auto x = pass.drop(pass.fields(fields_.embedding, fields_.dense));
  const auto history = pass.drop(pass.fields(fields_.embedding, fields_.dense, Of::kSupport), Of::kSupport);
  const auto interest = pass.attend(pass.linear(asks_, x), pass.linear(answers_, history), history);
  const auto hidden = through_tower(pass, tower_, pass.concatenate({x, interest, pass.multiply(x, interest)}));
  return {hidden, pass.linear(output_, hidden, {.start = key_bias}), x};
}

}  // namespace warmstart
