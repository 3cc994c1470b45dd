#include "tests/support/example_checkpoint.h"

#include <ATen/ATen.h>

namespace warmstart {

Checkpoint example_checkpoint(std::int64_t step) {
  return {
      step,
      {{"model", "test"}},
      {.steps = 1000, .recent_losses = {0.5, 0.25}, .skipped = {3}},
      0.25,
      {{"layer.weight", {2, 3}}, {"empty", {0, 4}}, {"scalar", {}}},
      {{"parameters", at::arange(7, at::kFloat)}, {"moment", at::full({7}, static_cast<double>(step), at::kFloat)}}};
}

}  // namespace warmstart
