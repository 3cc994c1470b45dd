// The rule of inner steps: their rates, what divides them, and the pull back to where a task started.
//
//   W_k+1 = W_k - R_k diag(o) (gradient of W_k) diag(i) / (support rows + kappa_k)
//
// or, with Kronecker factors (meta-curvature, Park & Oliva 2019), I + O and (I + N)' in place of the diagonal matrices:
// O and N start at 0, and of biases N knows the head's alone.  Or, elementwise, the gradient times a matrix of rates
// (Li et al. 2017).

#pragma once

#include <ATen/core/Tensor.h>

#include <string>

#include "trainer/layers/batch_parameters.h"
#include "trainer/layers/inner_options.h"

namespace warmstart {

// One layer's rates at one inner step, as each of M microbatches sees them.
struct LayerRates {
  at::Tensor step;    // [M]
  at::Tensor input;   // [M, in], or undefined for ones
  at::Tensor bias;    // [M]: the bias's share beside the inputs', or undefined for one; elementwise: [M, out]
  at::Tensor output;  // [M, out], or undefined for ones
  // [M, in, in] and [M, out, out]: the gradient G [out, in] becomes (I + output) G (I + input)'; or undefined for 0.
  at::Tensor input_curvature = {}, output_curvature = {};
  at::Tensor weight = {};  // [M, out, in]: of each weight, or undefined for ones
  at::Tensor pull = {};    // [M], or undefined for none
};

// What a step's pull leaves of the changes before it, [T, 1, 1], with `scale` [T, 1, 1]; undefined without a pull.
at::Tensor kept_by_pull(const LayerRates& rates, const at::Tensor& scale, const Microbatches& microbatches);

// Declares the rates of inner steps among a model's parameters, and reads them.
class InnerRule {
 public:
  explicit InnerRule(const InnerOptions& options) : options_(options) {}

  // Declares the learned rates, for a head of `features` weights and a bias.
  void add_head(Parameters& parameters, std::int64_t features) const;

  // Those of a layer outside the head that adapts.  `inputs` is 0 for embeddings, whose inputs are ids.
  void add_layer(Parameters& parameters, const std::string& name, std::int64_t inputs, std::int64_t outputs) const;

  const InnerOptions& options() const { return options_; }
  at::Tensor head_rate(const BatchParameters& parameters, int step) const;  // [M, features + 1] or [M, 1]
  at::Tensor head_curvature(const BatchParameters& parameters) const;  // [M, features + 1, features + 1], or undefined
  at::Tensor pull(const BatchParameters& parameters) const;            // [M, 2]: of the weights and of the bias
  // 1 / (rows + kappa): [T, 1], as `rows`.
  at::Tensor scale(const BatchParameters& parameters, int step, const at::Tensor& rows) const;
  LayerRates layer(const BatchParameters& parameters, const std::string& name, int step) const;

 private:
  bool by_parameter() const {
    return options_.rates == InnerRates::kPerParameter || options_.rates == InnerRates::kElementwise;
  }
  bool learned() const { return options_.rates != InnerRates::kFixed; }
  // Learned, [M, ..], of one step where `step` is not negative; or `fixed` [M, 1].
  at::Tensor rate(const BatchParameters& parameters, const std::string& name, int step, double fixed) const;

  InnerOptions options_;
};

}  // namespace warmstart
