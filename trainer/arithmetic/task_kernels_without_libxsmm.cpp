#include <stdexcept>

#include "trainer/arithmetic/task_kernels.h"

namespace warmstart {

bool has_task_kernels() { return false; }

void row_products(float*, const float*, const float*, std::int64_t, std::int64_t, std::int64_t) {
  throw std::logic_error("row_products: built without LIBXSMM");
}

void weighted_rows(float*, RowStart, RowWeights, const float*, std::int64_t, std::int64_t, std::int64_t) {
  throw std::logic_error("weighted_rows: built without LIBXSMM");
}

}  // namespace warmstart
