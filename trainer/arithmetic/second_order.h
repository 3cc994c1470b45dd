#pragma once

#include <ATen/core/grad_mode.h>
#include <c10/util/Exception.h>

namespace warmstart {

// For reverse passes that run below autograd: what they do is not recorded.
inline void refuse_second_order(const char* function) {
  TORCH_CHECK(!at::GradMode::is_enabled(), function, ": its gradient cannot be differentiated again");
}

}  // namespace warmstart
