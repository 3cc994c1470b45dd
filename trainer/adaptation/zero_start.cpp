#include "trainer/adaptation/zero_start.h"

#include <ATen/ATen.h>

namespace warmstart {

void ZeroStart::apply(TaskState& state, const Support& support) const {
  const auto zeros = [&](std::int64_t rows, std::int64_t columns) {
    return at::zeros({support.row_counts.size(0), rows, columns}, support.row_counts.options());
  };
  state.head = {zeros(outputs_, features_), zeros(1, outputs_)};
  state.unadapted_head = state.head;
}

}  // namespace warmstart
