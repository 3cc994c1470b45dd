#pragma once

#include <string>

#include "trainer/layers/adapted_linear.h"
#include "trainer/layers/batch_parameters.h"

namespace warmstart {

// The layer of the parameters "name.weight" and, where there is one, "name.bias", which does not adapt.
AdaptedLinear fixed_linear(const BatchParameters& parameters, const std::string& name);

// x W' + b of x [T, R, in], or of distinct rows [N, in], by that layer.
at::Tensor linear(const BatchParameters& parameters, const std::string& name, const at::Tensor& x);

}  // namespace warmstart
