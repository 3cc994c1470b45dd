#pragma once

#include <string>

#include "trainer/layers/batch_parameters.h"

namespace warmstart {

// x W' + b of x [T, R, in], or of distinct rows [N, in], with the parameters "name.weight" and, where there is one,
// "name.bias", which do not adapt.
at::Tensor linear(const BatchParameters& parameters, const std::string& name, const at::Tensor& x);

}  // namespace warmstart
