#include "tests/support/example_checkpoint.h"

#include <ATen/ATen.h>

namespace warmstart {

Checkpoint example_checkpoint(std::int64_t step) {
  return {
      step,
      {{"model", "test"}},
      {{"note", "state"}},
      0.25,
      {{{"name", "layer.weight"}, {"shape", {2, 3}}},
       {{"name", "empty"}, {"shape", {0, 4}}},
       {{"name", "scalar"}, {"shape", nlohmann::json::array()}}},
      {{"parameters", at::arange(7, at::kFloat)}, {"moment", at::full({7}, static_cast<double>(step), at::kFloat)}}};
}

}  // namespace warmstart
