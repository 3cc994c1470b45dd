#include "trainer/arithmetic/by_element.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include <cmath>
#include <cstdint>

#include "trainer/arithmetic/exp_of.h"
#include "trainer/arithmetic/plain_arithmetic.h"
#include "trainer/arithmetic/second_order.h"

namespace warmstart {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::Function;
using torch::autograd::variable_list;

float sigmoid_of(float x) { return 1.0f / (1.0f + std::exp(-x)); }
float softplus_of(float x) { return std::fmax(x, 0.0f) + std::log1p(std::exp(-std::fabs(x))); }

inline float tanh_of(float x) { return 1.0f - 2.0f / (exp_of(2.0f * x) + 1.0f); }

template <typename Map>
at::Tensor mapped(const at::Tensor& x, const Map& map) {
  const auto from = x.contiguous();
  auto result = at::empty(x.sizes(), x.options());
  const auto* values = from.const_data_ptr<float>();
  auto* results = result.mutable_data_ptr<float>();
  const auto count = from.numel();
  for (std::int64_t i = 0; i < count; ++i) results[i] = map(values[i]);
  return result;
}

// Functions, and their derivatives by what is kept of the pass forward: the result, or x.
struct Sigmoid {
  static constexpr bool kKeepsResult = true;
  static at::Tensor of(const at::Tensor& x) {
    return mapped(x, [](float x) { return sigmoid_of(x); });
  }
  static at::Tensor derivative(const at::Tensor& result) { return result - result * result; }
};
struct Softplus {
  static constexpr bool kKeepsResult = false;
  static at::Tensor of(const at::Tensor& x) {
    return mapped(x, [](float x) { return softplus_of(x); });
  }
  static at::Tensor derivative(const at::Tensor& x) { return Sigmoid::of(x); }
};
struct Tanh {
  static constexpr bool kKeepsResult = true;
  static at::Tensor of(const at::Tensor& x) {
    return mapped(x, [](float x) { return tanh_of(x); });
  }
  static at::Tensor derivative(const at::Tensor& result) { return 1.0 - result * result; }
};

struct Exp {
  static constexpr bool kKeepsResult = true;
  static at::Tensor of(const at::Tensor& x) {
    return mapped(x, [](float x) { return exp_of(x); });
  }
  static at::Tensor derivative(const at::Tensor& result) { return result; }
};

struct Log {
  static constexpr bool kKeepsResult = false;
  static at::Tensor of(const at::Tensor& x) {
    return mapped(x, [](float x) { return std::log(x); });
  }
  static at::Tensor derivative(const at::Tensor& x) { return at::reciprocal(x); }
};

template <typename Map>
struct ByElement : Function<ByElement<Map>> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& x) {
    const at::AutoDispatchBelowADInplaceOrView in_forward;
    auto result = Map::of(x);
    ctx->save_for_backward({Map::kKeepsResult ? result : x});
    return result;
  }
  static variable_list backward(AutogradContext* ctx, variable_list& gradients) {
    refuse_second_order("by_element");
    return {gradients[0] * Map::derivative(ctx->get_saved_variables()[0])};
  }
};

}  // namespace

at::Tensor sigmoid_by_element(const at::Tensor& x) {
  return takes_own_loops(x) ? ByElement<Sigmoid>::apply(x) : at::sigmoid(x);
}

at::Tensor softplus_by_element(const at::Tensor& x) {
  // LibTorch takes x itself for softplus(x) above the threshold.
  return takes_own_loops(x) ? ByElement<Softplus>::apply(x) : at::softplus(x, 1, /*threshold=*/100);
}

at::Tensor exp_by_element(const at::Tensor& x) { return takes_own_loops(x) ? ByElement<Exp>::apply(x) : at::exp(x); }

at::Tensor log_by_element(const at::Tensor& x) { return takes_own_loops(x) ? ByElement<Log>::apply(x) : at::log(x); }

at::Tensor tanh_by_element(const at::Tensor& x) { return takes_own_loops(x) ? ByElement<Tanh>::apply(x) : at::tanh(x); }

}  // namespace warmstart
