#pragma once

#include <ATen/core/Tensor.h>
#include <fmt/format.h>

#include <stdexcept>

namespace warmstart {

// The names that a library for communication has for the dtypes that ranks exchange.
template <typename Type>
struct ElementTypes {
  Type float32, float64, int64, uint8;

  // The name of the tensor's dtype.  Throws std::invalid_argument for any other dtype.
  Type of(const at::Tensor& tensor) const {
    switch (tensor.scalar_type()) {
      case at::kFloat:
        return float32;
      case at::kDouble:
        return float64;
      case at::kLong:
        return int64;
      case at::kByte:
        return uint8;
      default:
        throw std::invalid_argument(fmt::format("ranks exchange float32, float64, int64 and uint8, not {}",
                                                c10::toString(tensor.scalar_type())));
    }
  }
};

}  // namespace warmstart
