// A multi-layer perceptron (width F, two hidden layers of H, one output; rectifiers; squared error) and its gradients:
// of plain training, and of adapting by K inner steps, exact to second order.  What the benchmarks and the peers
// measure.

#pragma once

#include <ATen/ATen.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <vector>

#include "trainer/layers/adapted_linear.h"

namespace warmstart {

// Waits until `device` has done what it was given.
inline void finish(at::Device device) {
  if (!device.is_cpu())
    c10::impl::VirtualGuardImpl(device.type()).synchronizeDevice(std::max<c10::DeviceIndex>(0, device.index()));
}

struct MlpBatch {
  at::Tensor support, support_label;  // [T, S, F], [T, S]
  at::Tensor query, query_label;      // [T, Q, F], [T, Q]
};

class Mlp {
 public:
  // Weights [out, in] and biases [out], layer by layer.
  Mlp(std::vector<at::Tensor> weights, std::vector<at::Tensor> biases)
      : weights_(std::move(weights)), biases_(std::move(biases)) {
    for (auto* list : {&weights_, &biases_})
      for (auto& tensor : *list) tensor.requires_grad_();
  }

  // Of the mean query loss after `steps` inner steps of size `rate` on each task's mean support loss: weights', then
  // biases'.
  std::vector<at::Tensor> meta_gradients(const MlpBatch& batch, int steps, double rate, Form form = Form::kAuto,
                                         Precision precision = Precision::kFloat32) const {
    std::vector<AdaptedLinear> layers;
    for (std::size_t i = 0; i < weights_.size(); ++i) {
      const AdaptedShape shape = {weights_[i].size(1), weights_[i].size(0), batch.support.size(1), batch.query.size(1),
                                  steps};
      layers.emplace_back(weights_[i].unsqueeze(0), biases_[i].unsqueeze(0), true,
                          form == Form::kAuto ? cheaper_form(shape) : form, precision);
    }
    const auto count = static_cast<double>(batch.support.size(1));
    const auto scale = at::ones({1, 1, 1}, batch.support.options());
    const LayerRates rates = {
        .step = at::full({1}, rate, batch.support.options()), .input = {}, .bias = {}, .output = {}};
    for (int step = 0; step < steps; ++step) inner_step(layers, batch, count, scale, rates);
    const auto predicted = forward(layers, batch.query).back().squeeze(-1);
    return gradients((predicted - batch.query_label).square().mean());
  }

  // Of the mean loss over all rows, with LibTorch's own layers.
  std::vector<at::Tensor> plain_gradients(const at::Tensor& rows, const at::Tensor& labels) const {
    auto x = rows;
    for (std::size_t i = 0; i < weights_.size(); ++i) {
      x = at::linear(x, weights_[i], biases_[i]);
      if (i + 1 < weights_.size()) x = at::relu(x);
    }
    return gradients((x.squeeze(-1) - labels).square().mean());
  }

 private:
  static Activation activation(bool hidden) { return {.rectifies = hidden, .slope = 0.0, .mask = {}}; }

  // The input of each layer, and the output.
  static std::vector<at::Tensor> forward(const std::vector<AdaptedLinear>& layers, const at::Tensor& rows) {
    std::vector<at::Tensor> values = {rows};
    for (std::size_t i = 0; i < layers.size(); ++i)
      values.push_back(layers[i].forward(values.back(), {}, activation(i + 1 < layers.size())));
    return values;
  }

  static void inner_step(std::vector<AdaptedLinear>& layers, const MlpBatch& batch, double count,
                         const at::Tensor& scale, const LayerRates& rates) {
    const auto values = forward(layers, batch.support);
    auto d = (values.back() - batch.support_label.unsqueeze(-1)) * (2.0 / count);
    for (auto i = layers.size(); i-- > 0;) {
      auto at_outputs = d;
      if (i > 0)
        std::tie(at_outputs, d) = layers[i].backward(d, values[i + 1], activation(i + 1 < layers.size()));
      else
        at_outputs = at::leaky_relu_backward(d, values[1].detach(), 0.0, true);
      layers[i].add(values[i], at_outputs, scale, rates);
    }
  }

  std::vector<at::Tensor> gradients(const at::Tensor& loss) const {
    auto parameters = weights_;
    parameters.insert(parameters.end(), biases_.begin(), biases_.end());
    return torch::autograd::grad({loss}, parameters);
  }

  std::vector<at::Tensor> weights_, biases_;
};

}  // namespace warmstart
