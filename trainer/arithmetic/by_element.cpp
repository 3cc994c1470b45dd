#include "trainer/arithmetic/by_element.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include <cmath>

namespace warmstart {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::Function;
using torch::autograd::variable_list;

float sigmoid_of(float x) { return 1.0f / (1.0f + std::exp(-x)); }
float softplus_of(float x) { return std::fmax(x, 0.0f) + std::log1p(std::exp(-std::fabs(x))); }

template <typename Map>
at::Tensor mapped(const at::Tensor& x, const Map& map) {
  const auto from = x.contiguous();
  auto result = at::empty(x.sizes(), x.options());
  const auto* values = from.const_data_ptr<float>();
  auto* results = result.mutable_data_ptr<float>();
  for (std::int64_t i = 0; i < from.numel(); ++i) results[i] = map(values[i]);
  return result;
}

// The reverse passes run below autograd: what they do is not recorded.
void refuse_second_order() {
  TORCH_CHECK(!at::GradMode::is_enabled(), "by_element: the gradient cannot be differentiated again");
}

struct Sigmoid : Function<Sigmoid> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& x) {
    const at::AutoDispatchBelowADInplaceOrView in_forward;
    auto result = mapped(x, sigmoid_of);
    ctx->save_for_backward({result});
    return result;
  }
  static variable_list backward(AutogradContext* ctx, variable_list& gradients) {
    refuse_second_order();
    const auto result = ctx->get_saved_variables()[0];
    return {gradients[0] * (result - result * result)};
  }
};

struct Softplus : Function<Softplus> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& x) {
    const at::AutoDispatchBelowADInplaceOrView in_forward;
    ctx->save_for_backward({x});
    return mapped(x, softplus_of);
  }
  static variable_list backward(AutogradContext* ctx, variable_list& gradients) {
    refuse_second_order();
    return {gradients[0] * mapped(ctx->get_saved_variables()[0], sigmoid_of)};
  }
};

bool goes_by_element(const at::Tensor& x) { return x.is_cpu() && x.scalar_type() == at::kFloat; }

}  // namespace

at::Tensor sigmoid_by_element(const at::Tensor& x) { return goes_by_element(x) ? Sigmoid::apply(x) : at::sigmoid(x); }

at::Tensor softplus_by_element(const at::Tensor& x) {
  // LibTorch takes x itself for softplus(x) above the threshold.
  return goes_by_element(x) ? Softplus::apply(x) : at::softplus(x, 1, /*threshold=*/100);
}

}  // namespace warmstart
