// Adaptation in activation space.
//
// After inner steps on a task's support rows, a linear layer's weights are
//
//   W_t = W - sum_k D_k' diag(o) R_k X_k diag(i)     (W is [out, in])
//
// with the layer's inputs X_k (S x in), the inner loss's gradient D_k at its outputs
// (S x out), and rates R_k, i, o.  W_t is never formed: the adapted layer is the shared
// one and a small memory of keys X_k diag(i) and values -R_k D_k diag(o), so that
//
//   x W_t' = x W' + (x keys') values          d W_t = d W + (d values') keys
//
// for all tasks of a batch at once, by batched products over [tasks, rows, width]: see
// adapted_linear.h.  Where a task has many rows and a layer is small, forming W_t is
// cheaper: see planner.h.  Everything is differentiable: one reverse pass is the exact
// second-order meta-gradient.

#pragma once

#include <ATen/core/Tensor.h>

#include <string>

#include "trainer/layers/parameters.h"
#include "trainer/layers/planner.h"

namespace warmstart {

// Which layers become the task's own: the head (ANIL), also the tower's linear layers
// (MeLU's decision layers), also the embeddings (MAML).
enum class Scope { kHead, kDense, kAll };

// Where inner rates come from: one constant; learned per layer and step; learned per step
// and parameter of the head, and per step, input and output of other layers (Meta-SGD).
enum class InnerRates { kFixed, kPerLayer, kPerParameter };

struct InnerOptions {
  int steps = 3;
  Scope scope = Scope::kHead;
  bool second_order = true;
  InnerRates rates = InnerRates::kPerParameter;
  double rate = 0.3;         // of the head; where learned, the start
  double tower_rate = 0.05;  // of all other layers, likewise
  // Steps are divided by (support rows + kappa), and pull the head back to the task's
  // prior with strength `pull`; both are learned unless rates are fixed.
  double kappa = 2.0;
  double pull = 1.3;
  Form form = Form::kAuto;  // of adapted layers outside the head
};

// One layer's rates at one inner step.
struct LayerRates {
  at::Tensor step;    // scalar
  at::Tensor input;   // [in], or undefined for ones
  at::Tensor bias;    // scalar: the bias's share beside the inputs', or undefined for one
  at::Tensor output;  // [out], or undefined for ones
};

// Keeps the rates of inner steps among a model's parameters.
class InnerRule {
 public:
  explicit InnerRule(const InnerOptions& options) : options_(options) {}

  // Adds the learned rates' parameters, for a head of `features` weights and a bias.
  void add_head(std::int64_t features, Parameters& parameters) const;

  // Adds those of a layer outside the head that the scope includes.  `inputs` is 0 for embeddings.
  void add_layer(const std::string& name, std::int64_t inputs, std::int64_t outputs, Parameters& parameters) const;

  const InnerOptions& options() const { return options_; }
  at::Tensor head_rate(int step, const Parameters& parameters) const;  // [features + 1] or scalar
  at::Tensor pull(const Parameters& parameters) const;                 // [2]: of the weights and of the bias
  // 1 / (rows + kappa), shaped like `rows`.
  at::Tensor scale(int step, const at::Tensor& rows, const Parameters& parameters) const;
  LayerRates layer(const std::string& name, int step, const Parameters& parameters) const;

 private:
  bool learned() const { return options_.rates != InnerRates::kFixed; }
  InnerOptions options_;
};

// What a table of embeddings remembers.  Its key product, "how much of the same ids", does
// not change with the steps, so values add up.
class EmbeddingMemory {
 public:
  void add(const at::Tensor& gradients, const at::Tensor& scale, const LayerRates& rates);  // D [T, S, out]
  // `same_ids` [T, R, S]: the product of two rows' id weights.
  at::Tensor forward(const at::Tensor& same_ids, at::Tensor shared) const;

 private:
  at::Tensor values_;  // [T, S, out]
};

}  // namespace warmstart
