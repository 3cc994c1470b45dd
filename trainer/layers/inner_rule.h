// The rule of inner steps: their rates, what divides them, and the pull back to where the head started.
//
//   W_k+1 = W_k - R_k diag(o) (gradient of W_k) diag(i) / (support rows + kappa_k)

#pragma once

#include <ATen/core/Tensor.h>

#include <string>

#include "trainer/layers/inner_options.h"
#include "trainer/layers/parameters.h"

namespace warmstart {

// One layer's rates at one inner step.
struct LayerRates {
  at::Tensor step;    // scalar
  at::Tensor input;   // [in], or undefined for ones
  at::Tensor bias;    // scalar: the bias's share beside the inputs', or undefined for one
  at::Tensor output;  // [out], or undefined for ones
};

// Keeps the rates of inner steps among a model's parameters, which outlive it.
class InnerRule {
 public:
  InnerRule(const InnerOptions& options, Parameters& parameters) : options_(options), parameters_(parameters) {}

  // Adds the learned rates' parameters, for a head of `features` weights and a bias.
  void add_head(std::int64_t features) const;

  // Adds those of a layer outside the head that adapts.  `inputs` is 0 for embeddings.
  void add_layer(const std::string& name, std::int64_t inputs, std::int64_t outputs) const;

  const InnerOptions& options() const { return options_; }
  at::Tensor head_rate(int step) const;  // [features + 1] or scalar
  at::Tensor pull() const;               // [2]: of the weights and of the bias
  // 1 / (rows + kappa), shaped like `rows`.
  at::Tensor scale(int step, const at::Tensor& rows) const;
  LayerRates layer(const std::string& name, int step) const;

 private:
  bool learned() const { return options_.rates != InnerRates::kFixed; }
  at::Tensor constant(double value) const;

  InnerOptions options_;
  Parameters& parameters_;
};

}  // namespace warmstart
