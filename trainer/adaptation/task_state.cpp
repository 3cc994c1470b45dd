#include "trainer/adaptation/task_state.h"

#include <ATen/ATen.h>

namespace warmstart {

at::Tensor TaskState::outputs(const Encoding& rows) const {
  const auto of_head = head.outputs(rows.features(), rows.base());
  return kernel ? of_head + kernel->outputs(layers.parameters(), rows.input()) : of_head;
}

}  // namespace warmstart
