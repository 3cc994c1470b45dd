// A linear layer as the tasks of a batch have adapted it, forward and backward.
//
// In activation space both passes, the rectifier and the dropout mask behind the layer
// included, are one differentiable operation each, with a reverse pass written by hand: an
// exact second-order meta-gradient goes back through the backward pass, too.

#pragma once

#include <ATen/core/Tensor.h>

#include <utility>

#include "trainer/arithmetic/microbatches.h"
#include "trainer/arithmetic/precision.h"
#include "trainer/layers/inner_rule.h"
#include "trainer/layers/planner.h"

namespace warmstart {

// What follows a layer: a leaky rectifier, then a mask; undefined means that there is no mask.
struct Activation {
  bool rectifies = false;
  double slope = 0.0;  // not negative
  at::Tensor mask;     // shaped like the outputs
};

class AdaptedLinear {
 public:
  // The shared layer, as each microbatch sees it: `weight` [microbatches, out, in] and `bias` [microbatches, out], the
  // same values for all.  Either may be undefined and then counts as 0.  `adapts_bias`: inner steps change the bias as
  // well.
  AdaptedLinear(at::Tensor weight, at::Tensor bias, bool adapts_bias, Form form,
                Precision precision = Precision::kFloat32, Microbatches microbatches = {});

  // activation(shared + x W_t' + b_t): x [T, R, in] (before the first add(): or [N, in]) -> [T, R, out].  `shared` may
  // be undefined.
  at::Tensor forward(const at::Tensor& x, const at::Tensor& shared = {}, const Activation& activation = {}) const;

  // From the inner loss's gradient at forward()'s result `out` [T, S, out]: the gradients at the layer's outputs before
  // the activation [T, S, out], and at its inputs [T, S, in].
  std::pair<at::Tensor, at::Tensor> backward(const at::Tensor& d, const at::Tensor& out,
                                             const Activation& activation = {}) const;

  // What add() has left, all that forward() needs beside the shared layer: where the form is kActivations, the rows as
  // the rates have them; where it is kWeights, what they made.
  struct Memory {
    at::Tensor keys, values, shares;  // [T, M, in], [T, M, out], [T, 1, M]
    at::Tensor weight, bias;          // [T, out, in], [T, 1, out]
  };
  Memory memory() const { return {keys_, values_, shares_, task_weight_, task_bias_}; }
  void restore(const Memory& memory, const LayerRates& rates);

  // Takes a step of the pull towards the shared layer, once and before its add()s.
  void pull(const at::Tensor& scale, const LayerRates& rates);

  // Adapts by one inner step: inputs X [T, S, in], gradients D [T, S, out] at the outputs, `scale` [T, 1, 1].
  void add(const at::Tensor& inputs, const at::Tensor& gradients, const at::Tensor& scale, const LayerRates& rates);

 private:
  // By operators alone.
  at::Tensor shared_product(const at::Tensor& x) const;
  at::Tensor plain_forward(const at::Tensor& x, const at::Tensor& shared, const Activation& activation) const;
  std::pair<at::Tensor, at::Tensor> plain_backward(const at::Tensor& d, const at::Tensor& behind,
                                                   const Activation& activation) const;

  at::Tensor weight_, bias_;
  at::Tensor transpose_;  // [in, out], of the weight's values
  bool adapts_bias_;
  Form form_;
  Precision precision_;
  Microbatches microbatches_;
  at::Tensor keys_, values_;            // [T, steps * S, in], [T, steps * S, out]
  at::Tensor shares_;                   // [T, 1, steps * S]: what each remembered row counts, the step's rate included
  at::Tensor key_bias_;                 // [microbatches]: the bias's key; undefined means 1
  at::Tensor task_weight_, task_bias_;  // [T, out, in], [T, 1, out]: form kWeights
};

}  // namespace warmstart
