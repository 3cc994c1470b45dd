#include "trainer/layers/initialiser.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/random.h"

namespace warmstart {
namespace {

template <typename Draw>
at::Tensor drawn(at::IntArrayRef sizes, RandomStream random, Draw draw) {
  auto tensor = at::empty(sizes, at::kFloat);
  auto* values = tensor.mutable_data_ptr<float>();
  for (std::int64_t i = 0; i < tensor.numel(); ++i) values[i] = static_cast<float>(draw(random));
  return tensor;
}

}  // namespace

Initial Initialiser::normal(std::vector<std::int64_t> sizes, double deviation) {
  const RandomStream random(seed_, Purpose::kInitialise, next_++);
  return [=, sizes = std::move(sizes)] {
    return drawn(sizes, random, [&](RandomStream& stream) { return deviation * stream.normal(); });
  };
}

TableInitial Initialiser::normal_table(std::int64_t ids, std::int64_t width, double deviation) {
  const auto number = next_;
  return {normal({ids, width}, deviation), [=, seed = seed_](std::int64_t id, float* row) {
            // The whole table's stream has 0 where a row's has its id.
            RandomStream random(seed, Purpose::kInitialise, number, static_cast<std::uint64_t>(id) + 1);
            for (std::int64_t i = 0; i < width; ++i) row[i] = static_cast<float>(deviation * random.normal());
          }};
}

TableInitial Initialiser::zero_table(std::int64_t ids, std::int64_t width) {
  return {zeros({ids, width}), [width](std::int64_t, float* row) { std::fill(row, row + width, 0.0f); }};
}

Initial Initialiser::uniform(std::vector<std::int64_t> sizes, std::int64_t inputs, double factor) {
  const RandomStream random(seed_, Purpose::kInitialise, next_++);
  const double bound = factor / std::sqrt(static_cast<double>(std::max<std::int64_t>(inputs, 1)));
  return [=, sizes = std::move(sizes)] {
    return drawn(sizes, random, [&](RandomStream& stream) { return bound * (2.0 * stream.uniform() - 1.0); });
  };
}

Initial Initialiser::zeros(std::vector<std::int64_t> sizes) {
  return [sizes = std::move(sizes)] { return at::zeros(sizes, at::kFloat); };
}

Initial Initialiser::before_softplus(std::vector<std::int64_t> sizes, double value) {
  return [=, sizes = std::move(sizes)] { return at::full(sizes, value + std::log(-std::expm1(-value)), at::kFloat); };
}

}  // namespace warmstart
