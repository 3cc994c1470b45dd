#pragma once

#include <string>

#include "trainer/arithmetic/precision.h"
#include "trainer/layers/adapted_linear.h"
#include "trainer/layers/batch_parameters.h"

namespace warmstart {

// The layer of the parameters "name.weight" and, where there is one, "name.bias", which does not adapt.
AdaptedLinear fixed_linear(const BatchParameters& parameters, const std::string& name);

// x W' + b of x [T, R, in], or of distinct rows [N, in], by that layer.
at::Tensor linear(const BatchParameters& parameters, const std::string& name, const at::Tensor& x);

// x W' alone.
at::Tensor linear_map(const BatchParameters& parameters, const std::string& name, const at::Tensor& x);

// x + x C' of each row of x [T, R, in], with C [microbatches, in, in]; x where C is undefined.
at::Tensor with_curvature(const at::Tensor& x, const at::Tensor& curvature, const Microbatches& microbatches,
                          Precision precision = Precision::kFloat32);

}  // namespace warmstart
