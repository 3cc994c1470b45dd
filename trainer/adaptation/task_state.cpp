#include "trainer/adaptation/task_state.h"

#include <ATen/ATen.h>

namespace warmstart {

at::Tensor TaskState::outputs(const RowEncoder& rows) const {
  const auto encoding = rows.encode(layers);
  const auto of_head = head.outputs(encoding.features(), encoding.base());
  return kernel ? of_head + kernel->outputs(kernel_points(rows, encoding, layers.parameters())) : of_head;
}

}  // namespace warmstart
