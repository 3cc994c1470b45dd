#include "trainer/networks/network.h"

namespace warmstart {

LayerId add_key_bias(const NetworkParts& parts) {
  return parts.layers.add_embedding("key_bias", ParameterGroup::kNetwork, parts.layout.keys, 1,
                                    Initialiser::zeros({parts.layout.keys, 1}));
}

FieldLayers add_fields(const NetworkParts& parts) {
  const auto& layout = parts.layout;
  const auto width = parts.options.embedding;
  const auto embedding = parts.layers.add_embedding("embedding", ParameterGroup::kEmbedding, layout.row_ids, width,
                                                    parts.draw.normal({layout.row_ids, width}, 0.05));
  const auto key_bias = add_key_bias(parts);
  const auto dense = parts.layers.add_dense_fields("input", layout.row_dense, width,
                                                   parts.draw.uniform({width, layout.row_dense}, layout.row_dense));
  return {embedding, key_bias, dense};
}

std::vector<LayerId> add_tower(const NetworkParts& parts) {
  std::vector<LayerId> tower;
  auto width = parts.options.embedding;
  for (std::size_t i = 0; i < parts.options.tower.size(); ++i) {
    const auto next = parts.options.tower[i];
    const auto weight = parts.draw.uniform({next, width}, width), bias = parts.draw.uniform({next}, width);
    tower.push_back(parts.layers.add_linear("tower." + std::to_string(i), width, next, weight, bias));
    if (parts.layers.rule().options().warp) tower.push_back(parts.layers.add_warp("warp." + std::to_string(i), next));
    width = next;
  }
  return tower;
}

std::int64_t tower_width(const NetworkOptions& options) {
  return options.tower.empty() ? options.embedding : options.tower.back();
}

Var through_tower(Pass& pass, const std::vector<LayerId>& tower, Var x) {
  for (const auto layer : tower)
    x = pass.is_warp(layer) ? pass.warp(layer, x)
                            : pass.linear(layer, x, {.start = {}, .rectifies = true, .drops = true});
  return x;
}

}  // namespace warmstart
