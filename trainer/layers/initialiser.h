#pragma once

#include <cstdint>
#include <vector>

#include "trainer/layers/table_declaration.h"

namespace warmstart {

// Draws initial values, when they are asked for; each parameter has its own stream, by the order of calls.
class Initialiser {
 public:
  explicit Initialiser(std::uint64_t seed) : seed_(seed) {}

  Initial normal(std::vector<std::int64_t> sizes, double deviation);
  // Of a table [ids, width].
  TableInitial normal_table(std::int64_t ids, std::int64_t width, double deviation);
  static TableInitial zero_table(std::int64_t ids, std::int64_t width);
  // The usual start of a linear layer: uniform within factor / sqrt(inputs).
  Initial uniform(std::vector<std::int64_t> sizes, std::int64_t inputs, double factor = 1.0);
  static Initial zeros(std::vector<std::int64_t> sizes);
  // What softplus maps to `value`: parameters that stay positive.
  static Initial before_softplus(std::vector<std::int64_t> sizes, double value);

 private:
  std::uint64_t seed_, next_ = 0;
};

}  // namespace warmstart
