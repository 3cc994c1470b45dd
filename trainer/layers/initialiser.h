#pragma once

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "base/random.h"

namespace warmstart {

// Draws initial values; each parameter has its own stream.
class Initialiser {
 public:
  explicit Initialiser(std::uint64_t seed) : seed_(seed) {}

  at::Tensor normal(at::IntArrayRef shape, double deviation) {
    return fill(shape, [&](RandomStream& random) { return deviation * random.normal(); });
  }
  // The usual start of a linear layer: uniform within 1 / sqrt(inputs).
  at::Tensor uniform(at::IntArrayRef shape, std::int64_t inputs, double factor = 1.0) {
    const double bound = factor / std::sqrt(static_cast<double>(std::max<std::int64_t>(inputs, 1)));
    return fill(shape, [&](RandomStream& random) { return bound * (2.0 * random.uniform() - 1.0); });
  }

 private:
  template <typename Draw>
  at::Tensor fill(at::IntArrayRef shape, Draw draw) {
    RandomStream random(seed_, Purpose::kInitialise, next_++);
    auto tensor = at::empty(shape, at::kFloat);
    auto* values = tensor.mutable_data_ptr<float>();
    for (std::int64_t i = 0; i < tensor.numel(); ++i) values[i] = static_cast<float>(draw(random));
    return tensor;
  }
  std::uint64_t seed_, next_ = 0;
};

}  // namespace warmstart
