#include "trainer/networks/network.h"

#include <ATen/ATen.h>

namespace warmstart {

Initial with_small_last_row(const Initial& initial) {
  return [initial] {
    auto value = initial();
    value[value.size(0) - 1].mul_(0.1);
    return value;
  };
}

LayerId add_key_bias(const NetworkParts& parts) {
  const auto keys = parts.layout.keys;
  return parts.layers.add_embedding(
      {"key_bias", ParameterGroup::kNetwork, IdsOf::kKeys, keys, 1, Initialiser::zero_table(keys, 1)});
}

LayerId add_embedding(const NetworkParts& parts) {
  const auto& layout = parts.layout;
  const auto width = parts.options.embedding;
  return parts.layers.add_embedding({"embedding", ParameterGroup::kEmbedding, IdsOf::kRows, layout.row_ids, width,
                                     parts.draw.normal_table(layout.row_ids, width, 0.05)},
                                    layout.first_row_ids);
}

FieldLayers add_fields(const NetworkParts& parts) {
  const auto& layout = parts.layout;
  const auto width = parts.options.embedding;
  const auto embedding = add_embedding(parts);
  const auto key_bias = add_key_bias(parts);
  const auto dense = parts.layers.add_dense_fields("input", layout.row_dense, width,
                                                   parts.draw.uniform({width, layout.row_dense}, layout.row_dense));
  return {embedding, key_bias, dense};
}

LinearLayers add_linear_terms(const NetworkParts& parts) {
  const auto ids = parts.layout.row_ids, dense = parts.layout.row_dense;
  const auto weights = parts.layers.add_embedding(
      {"linear", ParameterGroup::kNetwork, IdsOf::kRows, ids, 1, Initialiser::zero_table(ids, 1)});
  return {weights, parts.layers.add_dense_fields("linear.input", dense, 1, parts.draw.uniform({1, dense}, dense, 0.1))};
}

std::vector<LayerId> add_tower(const NetworkParts& parts, std::int64_t inputs, const std::string& prefix) {
  std::vector<LayerId> tower;
  auto width = inputs;
  for (std::size_t i = 0; i < parts.options.tower.size(); ++i) {
    const auto next = parts.options.tower[i];
    const auto weight = parts.draw.uniform({next, width}, width), bias = parts.draw.uniform({next}, width);
    tower.push_back(parts.layers.add_linear(prefix + "tower." + std::to_string(i), width, next, weight, bias));
    parts.layers.modulate(tower.back());
    if (parts.layers.rule().options().warp)
      tower.push_back(parts.layers.add_warp(prefix + "warp." + std::to_string(i), next));
    width = next;
  }
  return tower;
}

std::int64_t tower_width(const NetworkOptions& options, std::int64_t inputs) {
  return options.tower.empty() ? inputs : options.tower.back();
}

Var linear_terms(Pass& pass, const LinearLayers& layers, LayerId key_bias) {
  return pass.add(pass.fields(layers.weights, layers.dense), pass.key(key_bias));
}

Var products_of_pairs(Pass& pass, Var fields, Var sum) {
  const auto squares = pass.sum_of_fields(pass.multiply(fields, fields));
  return pass.scale(pass.add(pass.multiply(sum, sum), pass.scale(squares, -1.0)), 0.5);
}

Var through_tower(Pass& pass, const std::vector<LayerId>& tower, Var x) {
  for (const auto layer : tower)
    x = pass.is_warp(layer)
            ? pass.warp(layer, x)
            : pass.modulate(layer, pass.linear(layer, x, {.start = {}, .rectifies = true, .drops = true}));
  return x;
}

}  // namespace warmstart
