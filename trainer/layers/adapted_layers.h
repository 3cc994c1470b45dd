#pragma once

#include <functional>
#include <map>
#include <vector>

#include "trainer/layers/adapted_linear.h"
#include "trainer/layers/embedding_memory.h"
#include "trainer/layers/layers.h"

namespace warmstart {

// What one use of a layer in a pass saw, and the inner loss's gradient that came back to it.
struct LayerGradient {
  LayerId layer;
  at::Tensor inputs;    // [T, S, in]; undefined for embeddings
  at::Tensor gradient;  // [T, S, out], at the layer's outputs
  // Of embeddings: their outputs as all tasks share them, with autograd's way back to the table.  The rows of the pass
  // outlive it.
  std::function<at::Tensor()> shared = {};
};

// A network's layers as the tasks of a microbatch have adapted them; at first, as all tasks share them.
class AdaptedLayers {
 public:
  // `layers` and `parameters` outlive this; `support` and `query` are the rows of a task.
  AdaptedLayers(const Layers& layers, const BatchParameters& parameters, std::int64_t support, std::int64_t query,
                Precision precision);

  // The same for rows that divide otherwise into microbatches, which no task has adapted.
  AdaptedLayers unadapted(const Microbatches& microbatches) const {
    return {*layers_, *parameters_, 0, 0, precision_, microbatches};
  }

  const Layers& shared() const { return *layers_; }
  const BatchParameters& parameters() const { return *parameters_; }
  const AdaptedLinear& linear(LayerId layer) const { return linear_[layer]; }
  // Of dense fields: what all tasks share of it.
  const AdaptedLinear& unadapted(LayerId layer) const { return unadapted_.at(layer); }
  const EmbeddingMemory& embedding(LayerId layer) const { return embedding_[layer]; }

  // Adds to each task's gains and shifts behind layers, [T, 1, Layers::modulation_size()], which are 0 at first; they
  // are no inner step's to change (Perez et al. 2018; Requeima et al. 2019).
  void modulate(const at::Tensor& added);
  const at::Tensor& modulation() const { return modulation_; }  // undefined where there is none

  // One inner step of the layers that the gradients name.  `scale` [T, 1, 1].
  void step(const std::vector<LayerGradient>& gradients, int step, const at::Tensor& scale);

  // A number for each task, [T], whose gradient by the layers that all tasks share is minus what step() changes of them
  // for the task: of a weight W with inputs X and gradients D, rate * scale * <D, X W'>.  Of fixed rates.
  at::Tensor change_losses(const std::vector<LayerGradient>& gradients, int step, const at::Tensor& scale) const;

  // What adapted layers remember of the tasks, by name.
  using Memory = std::map<std::string, at::Tensor>;
  Memory memory() const;
  void restore(const Memory& memory);

 private:
  // Of rows that divide so into microbatches.
  AdaptedLayers(const Layers& layers, const BatchParameters& parameters, std::int64_t support, std::int64_t query,
                Precision precision, const Microbatches& microbatches);

  const Layers* layers_;
  const BatchParameters* parameters_;
  Precision precision_;
  std::map<LayerId, AdaptedLinear> unadapted_;
  // By layer; one of the two is used.
  std::vector<AdaptedLinear> linear_;
  std::vector<EmbeddingMemory> embedding_;
  at::Tensor modulation_;
};

}  // namespace warmstart
