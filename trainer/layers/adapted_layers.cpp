#include "trainer/layers/adapted_layers.h"

#include <ATen/ATen.h>

#include <set>

#include "trainer/arithmetic/plain_arithmetic.h"
#include "trainer/layers/linear.h"

namespace warmstart {
namespace {

constexpr const char* kModulation = "modulation";  // in memory

at::Tensor bias_of(const BatchParameters& parameters, const Layer& layer) {
  return layer.has_bias ? parameters[layer.name + ".bias"] : at::Tensor();
}

AdaptedLinear unadapted_linear(const BatchParameters& parameters, const Layer& layer, Form form, Precision precision,
                               const Microbatches& microbatches) {
  return {
      parameters[layer.name + ".weight"], bias_of(parameters, layer), layer.has_bias, form, precision, microbatches};
}

}  // namespace

AdaptedLayers::AdaptedLayers(const Layers& layers, const BatchParameters& parameters, std::int64_t support,
                             std::int64_t query, Precision precision)
    : AdaptedLayers(layers, parameters, support, query, precision, parameters.microbatches()) {}

AdaptedLayers::AdaptedLayers(const Layers& layers, const BatchParameters& parameters, std::int64_t support,
                             std::int64_t query, Precision precision, const Microbatches& microbatches)
    : layers_(&layers), parameters_(&parameters), precision_(precision), embedding_(layers.list().size()) {
  for (LayerId id = 0; id < layers.list().size(); ++id) {
    const auto& layer = layers[id];
    // The cheaper form is one for so many rows, which requests do not say; each weight's rate needs the weights.
    const bool each_weight = layers.rule().options().rates == InnerRates::kElementwise && layer.inputs > 0;
    const bool may_form =
        layers.adapts(id) && layer.kind != LayerKind::kEmbedding && (each_weight || !PlainArithmetic::stands());
    const auto form = may_form ? layers.plan(id, support, query).form : Form::kActivations;
    if (layer.kind == LayerKind::kLinear) {
      linear_.push_back(unadapted_linear(parameters, layer, form, precision, microbatches));
      continue;
    }
    // The shared part of dense fields is computed with the embeddings; this adds only what tasks adapted.
    linear_.emplace_back(at::Tensor(), at::Tensor(), layer.kind == LayerKind::kDenseFields, form, precision,
                         microbatches);
    if (layer.kind == LayerKind::kDenseFields)
      unadapted_.emplace(id,
                         unadapted_linear(parameters, layer, Form::kActivations, Precision::kFloat32, microbatches));
  }
}

void AdaptedLayers::modulate(const at::Tensor& added) {
  modulation_ = modulation_.defined() ? modulation_ + added : added;
}

AdaptedLayers::Memory AdaptedLayers::memory() const {
  Memory memory;
  for (LayerId id = 0; id < layers_->list().size(); ++id) {
    const auto& name = (*layers_)[id].name;
    if (!layers_->adapts(id)) continue;
    if ((*layers_)[id].kind == LayerKind::kEmbedding) {
      memory[name + ".values"] = embedding_[id].values();
      continue;
    }
    const auto [keys, values, shares, weight, bias] = linear_[id].memory();
    memory.insert({{name + ".keys", keys},
                   {name + ".values", values},
                   {name + ".shares", shares},
                   {name + ".weight", weight},
                   {name + ".bias", bias}});
  }
  memory[kModulation] = modulation_;
  std::erase_if(memory, [](const auto& entry) { return !entry.second.defined(); });  // the network does not use it
  return memory;
}

void AdaptedLayers::restore(const Memory& memory) {
  if (const auto found = memory.find(kModulation); found != memory.end()) modulation_ = found->second;
  for (LayerId id = 0; id < layers_->list().size(); ++id) {
    const auto& layer = (*layers_)[id];
    if (!layers_->adapts(id)) continue;
    const auto part = [&](const char* part) {
      const auto found = memory.find(layer.name + part);
      return found == memory.end() ? at::Tensor() : found->second;
    };
    if (layer.kind == LayerKind::kEmbedding) {
      embedding_[id].restore(part(".values"));
    } else {
      linear_[id].restore({part(".keys"), part(".values"), part(".shares"), part(".weight"), part(".bias")},
                          layers_->rule().layer(*parameters_, layer.name, 0));
    }
  }
}

at::Tensor AdaptedLayers::change_losses(const std::vector<LayerGradient>& gradients, int step,
                                        const at::Tensor& scale) const {
  auto losses = at::zeros_like(scale).flatten();
  for (const auto& [id, inputs, gradient, shared] : gradients) {
    const auto& name = (*layers_)[id].name;
    const auto outputs = shared ? shared() : warmstart::linear(*parameters_, name, inputs.detach());
    const auto rate = layers_->rule().layer(*parameters_, name, step).step;
    const auto of_tasks = (gradient.detach() * outputs).flatten(1).sum(1) * scale.detach().flatten();
    losses = losses + parameters_->for_tasks(rate, losses.size(0)).detach() * of_tasks;
  }
  return losses;
}

void AdaptedLayers::step(const std::vector<LayerGradient>& gradients, int step, const at::Tensor& scale) {
  std::set<LayerId> pulled;  // a layer may have been used several times
  for (const auto& [id, inputs, gradient, shared] : gradients) {
    const auto& layer = (*layers_)[id];
    const auto& microbatches = parameters_->microbatches();
    const auto rates = layers_->rule().layer(*parameters_, layer.name, step);
    const bool is_first = pulled.insert(id).second;
    if (layer.kind == LayerKind::kEmbedding) {
      if (is_first) embedding_[id].pull(scale, rates, microbatches);
      embedding_[id].add(gradient, scale, rates, microbatches);
    } else {
      if (is_first) linear_[id].pull(scale, rates);
      linear_[id].add(inputs, gradient, scale, rates);
    }
  }
}

}  // namespace warmstart
