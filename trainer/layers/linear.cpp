#include "trainer/layers/linear.h"

namespace warmstart {

AdaptedLinear fixed_linear(const BatchParameters& parameters, const std::string& name) {
  const auto bias = name + ".bias";
  return {parameters[name + ".weight"],
          parameters.contains(bias) ? parameters[bias] : at::Tensor(),
          false,
          Form::kActivations,
          Precision::kFloat32,
          parameters.microbatches()};
}

at::Tensor linear(const BatchParameters& parameters, const std::string& name, const at::Tensor& x) {
  return fixed_linear(parameters, name).forward(x);
}

at::Tensor linear_map(const BatchParameters& parameters, const std::string& name, const at::Tensor& x) {
  return AdaptedLinear(parameters[name + ".weight"], {}, false, Form::kActivations, Precision::kFloat32,
                       parameters.microbatches())
      .forward(x);
}

at::Tensor with_curvature(const at::Tensor& x, const at::Tensor& curvature, const Microbatches& microbatches,
                          Precision precision) {
  if (!curvature.defined()) return x;
  return AdaptedLinear(curvature, {}, false, Form::kActivations, precision, microbatches).forward(x, x);
}

}  // namespace warmstart
