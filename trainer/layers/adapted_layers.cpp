#include "trainer/layers/adapted_layers.h"

namespace warmstart {
namespace {

AdaptedLinear adapted_linear(const Layers& layers, LayerId id, std::int64_t support, std::int64_t query,
                             Precision precision) {
  const auto& layer = layers[id];
  if (layer.kind == LayerKind::kEmbedding) return {{}, {}, false, Form::kActivations, precision};
  const auto form = layers.adapts(id) ? layers.plan(id, support, query).form : Form::kActivations;
  // The shared part of dense fields is computed with the embeddings; this adds only what tasks adapted.
  if (layer.kind == LayerKind::kDenseFields) return {{}, {}, true, form, precision};
  return {layers.weight(id), layers.bias(id), layer.has_bias, form, precision};
}

}  // namespace

AdaptedLayers::AdaptedLayers(const Layers& layers, std::int64_t support, std::int64_t query, Precision precision)
    : layers_(&layers), embedding_(layers.list().size()) {
  for (LayerId id = 0; id < layers.list().size(); ++id)
    linear_.push_back(adapted_linear(layers, id, support, query, precision));
}

void AdaptedLayers::step(const std::vector<LayerGradient>& gradients, int step, const at::Tensor& scale) {
  for (const auto& [id, inputs, gradient] : gradients) {
    const auto& layer = (*layers_)[id];
    const auto rates = layers_->rule().layer(layer.name, step);
    if (layer.kind == LayerKind::kEmbedding)
      embedding_[id].add(gradient, scale, rates);
    else
      linear_[id].add(inputs, gradient, scale, rates);
  }
}

}  // namespace warmstart
